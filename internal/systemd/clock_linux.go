package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// Uptime is the time of CLOCK_MONOTONIC, by which the service manager tells reloads apart.
func Uptime() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano()), err
}
