//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// account is a control group (cgroups(7), version 2) of one server: the kernel counts the
// CPU time of all that ever ran in it to the microsecond. The tree of processes is the
// second choice, since a child that is not waited for takes its time to the grave.
type account struct{ dir string }

// newAccount fails where this process may not make control groups.
func newAccount(name string) (*account, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[2] != "cgroup2" {
			continue
		}
		dir, err := os.MkdirTemp(f[1], "dray-bench-"+name+"-")
		if err != nil {
			return nil, err
		}
		a := &account{dir}
		if _, _, err := a.usage(); err != nil {
			return nil, errors.Join(err, a.close())
		}
		return a, nil
	}
	return nil, errors.New("no control groups of version 2")
}

// open returns what a process is started in.
func (a *account) open() (*os.File, error) {
	return os.OpenFile(a.dir, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// usage is the CPU time in seconds so far, and how many processes there are.
func (a *account) usage() (seconds float64, alive int, err error) {
	text, err := os.ReadFile(filepath.Join(a.dir, "cpu.stat"))
	if err != nil {
		return 0, 0, err
	}
	var micros int64
	if _, err := fmt.Sscanf(string(text), "usage_usec %d", &micros); err != nil {
		return 0, 0, fmt.Errorf("cpu.stat: %w", err)
	}
	pids, err := os.ReadFile(filepath.Join(a.dir, "cgroup.procs"))
	return float64(micros) / 1e6, bytes.Count(pids, []byte{'\n'}), err
}

// close removes the group, which is empty by then.
func (a *account) close() error { return os.Remove(a.dir) }
