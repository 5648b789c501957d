package confine

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// IsRoot reports whether the process can become another user.
func IsRoot() bool { return os.Geteuid() == 0 }

// Become makes the process run as u, without any right of root but the one to bind ports
// below 1024, which [DropCapabilities] takes too. Only root can.
func Become(u User) error {
	if u.UID == 0 {
		return fmt.Errorf("%s is root", u.Name)
	}
	if err := cap.SetGroups(u.GID, u.Groups...); err != nil {
		return fmt.Errorf("cannot take the groups of %s: %w", u.Name, err)
	}
	if err := cap.SetUID(u.UID); err != nil {
		return fmt.Errorf("cannot become %s: %w", u.Name, err)
	}
	left := cap.NewSet()
	for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
		if err := left.SetFlag(flag, true, cap.NET_BIND_SERVICE); err != nil {
			return err
		}
	}
	if err := left.SetProc(); err != nil {
		return fmt.Errorf("cannot drop the rights of root: %w", err)
	}
	return nil
}

// KeepFromPrograms keeps the rights of root that the process has from the programs that it
// runs: no capability is ambient any more.
func KeepFromPrograms() error {
	if err := cap.ResetAmbient(); err != nil {
		return fmt.Errorf("cannot drop ambient capabilities: %w", err)
	}
	return nil
}

// DropCapabilities takes the right to bind ports below 1024, and all others of root that
// the process may have.
func DropCapabilities() error {
	if err := cap.NewSet().SetProc(); err != nil {
		return fmt.Errorf("cannot drop capabilities: %w", err)
	}
	return nil
}

// NoNewPrivileges keeps the process, and the programs that it runs, from gaining rights by
// a set-user-ID program or one with capabilities.
func NoNewPrivileges() error {
	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("cannot give up new privileges: %w", err)
	}
	return nil
}

// What may be done with what is kept. On files, rights of folders mean nothing.
const (
	onFiles = ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSExecute | ll.AccessFSTruncate
	read    = ll.AccessFSReadFile | ll.AccessFSReadDir
	write   = read | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRefer | ll.AccessFSRemoveDir |
		ll.AccessFSRemoveFile | ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock
	execute = read | ll.AccessFSExecute
)

// Seal keeps the process from all files but those of p, whoever it runs as. What is open
// stays open. It returns the version of Landlock that the kernel has; the error is
// ErrNoLandlock if there is none.
func Seal(p Paths) (version int, err error) {
	version, err = ll.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return 0, ErrNoLandlock
	}
	var rules []landlock.Rule
	for _, set := range []struct {
		paths  []string
		rights landlock.AccessFSSet
	}{{p.Read, read}, {p.Write, write}, {p.Execute, execute}} {
		for _, path := range set.paths {
			rights := set.rights
			if i, err := os.Stat(path); err != nil {
				continue
			} else if !i.IsDir() {
				rights &= onFiles
			}
			rules = append(rules, landlock.PathAccess(rights, path).IgnoreIfMissing())
		}
	}
	if err := landlock.V7.BestEffort().RestrictPaths(rules...); err != nil {
		return 0, fmt.Errorf("cannot confine the process to its files: %w", err)
	}
	return version, nil
}

// MakeDir makes a folder that belongs to u alone, unless it is there already.
func MakeDir(dir string, u User) error {
	if _, err := os.Stat(dir); dir == "" || err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return os.Chown(dir, u.UID, u.GID)
}
