//go:build !unix

package config

// ours is true where files have no owner that can be asked for.
func ours(string) bool { return true }
