//go:build !race

package interop

// buildFlags build dray as the tests are built.
var buildFlags []string
