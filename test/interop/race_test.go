//go:build race

package interop

// buildFlags build dray as the tests are built: here under the race detector.
var buildFlags = []string{"-race"}
