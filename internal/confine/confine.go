// Package confine takes from the process what it does not need any more: the rights of
// root, ways to gain new ones, and the files that it has no business with. Each step
// holds for all threads, for good, and for the programs that the process runs.
//
// It does so on Linux, by capabilities (capabilities(7)) and Landlock (landlock(7)).
// Elsewhere every step is errors.ErrUnsupported.
package confine

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
)

// User is whom a process may become.
type User struct {
	Name   string // as it was written
	UID    int
	GID    int
	Groups []int // all of them, GID too
}

// LookupUser reads USER or USER:GROUP, by name or by number. A user of the system has the
// groups that it has there; with a GROUP it has that alone, and so has a number that is no
// user of the system, whose group has to be named.
func LookupUser(text string) (User, error) {
	name, group, named := strings.Cut(text, ":")
	u := User{Name: text}
	known, err := lookup(name)
	switch {
	case err == nil:
		if u.UID, err = strconv.Atoi(known.Uid); err == nil {
			u.GID, err = strconv.Atoi(known.Gid)
		}
	case named && isNumber(name):
		u.UID, err = strconv.Atoi(name)
	}
	if err != nil {
		return User{}, fmt.Errorf("there is no user %q on this machine: %w", name, err)
	}
	if !named {
		u.Groups, err = groupsOf(known)
		return u, err
	}
	if u.GID, err = lookupGroup(group); err != nil {
		return User{}, fmt.Errorf("there is no group %q on this machine: %w", group, err)
	}
	u.Groups = []int{u.GID}
	return u, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 31)
	return err == nil
}

func lookup(name string) (*user.User, error) {
	known, err := user.Lookup(name)
	if err != nil && isNumber(name) {
		return user.LookupId(name)
	}
	return known, err
}

func lookupGroup(name string) (int, error) {
	g, err := user.LookupGroup(name)
	switch {
	case err == nil:
		return strconv.Atoi(g.Gid)
	case isNumber(name):
		return strconv.Atoi(name)
	}
	return 0, err
}

func groupsOf(u *user.User) ([]int, error) {
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var groups []int
	for _, id := range ids {
		n, err := strconv.Atoi(id)
		if err != nil {
			return nil, err
		}
		groups = append(groups, n)
	}
	return groups, nil
}

// Paths are the files and folders that a process keeps, a folder with all that is below
// it. What is not there is left out.
type Paths struct {
	Read    []string
	Write   []string // and read
	Execute []string // and read
}

// ErrNoLandlock means that the kernel cannot confine a process to files.
var ErrNoLandlock = errors.New("this kernel has no Landlock")
