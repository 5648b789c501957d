// Package systemd talks to the service manager that started the process: it takes the
// sockets that were bound for it (sd_listen_fds(3)), and says how it goes (sd_notify(3)).
// Without a service manager, all of it does nothing.
package systemd

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// Sockets returns the sockets that were handed over, by name. Each name is one of names,
// and there once.
func Sockets(names ...string) (map[string]*os.File, error) {
	found := map[string]*os.File{}
	for _, f := range activation.Files(true) {
		switch {
		case !slices.Contains(names, f.Name()):
			return nil, fmt.Errorf("a socket called %q was handed over: name it by FileDescriptorName= in its unit, one of %s", f.Name(), strings.Join(names, ", "))
		case found[f.Name()] != nil:
			return nil, fmt.Errorf("two sockets called %q were handed over", f.Name())
		}
		found[f.Name()] = f
	}
	return found, nil
}

// Say tells the state of the process: READY=1, STATUS=… and their like, a line each.
func Say(lines ...string) error {
	_, err := daemon.SdNotify(false, strings.Join(lines, "\n"))
	return err
}

// Reloading is what is said before settings are read again; READY=1 follows. uptime is of
// the machine (CLOCK_MONOTONIC).
func Reloading(uptime time.Duration) string {
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", uptime.Microseconds())
}

// Watchdog is how often the service manager wants WATCHDOG=1 at least; 0 is never. It is
// half of the time after which it takes the process for dead.
func Watchdog() (time.Duration, error) {
	every, err := daemon.SdWatchdogEnabled(false)
	return every / 2, err
}
