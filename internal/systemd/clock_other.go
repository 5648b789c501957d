//go:build !linux

package systemd

import "time"

// Uptime is not asked for where there is no systemd.
func Uptime() (time.Duration, error) { return 0, nil }
