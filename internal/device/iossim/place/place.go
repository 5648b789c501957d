// Package place is what commands of a simulated device name: files on its flash, its
// configurations, and files on servers. It understands URLs as devices do; how files move
// over the network is for a [Transfers].
package place

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/model"
)

// Place is what a command names: a file on a flash or on a server, or a configuration.
type Place struct {
	Scheme string    // "flash", "running-config", "startup-config", "nvram", "null", "tftp", "ftp", "scp"
	Prefix string    // as messages name it, such as "flash:"
	FS     *flash.FS // of "flash"
	Path   string
	Remote Remote
}

// ErrBadURL is a name that no device understands.
var ErrBadURL = errors.New("bad address")

// Flashes are the prefixes of the flash of a model.
func Flashes(m model.Model) []string {
	all := append([]string{m.Storage}, m.Aliases...)
	if m.Members > 1 {
		for i := range m.Members {
			all = append(all, fmt.Sprintf("flash-%d:", i+1))
		}
		all = append(all, "stby-flash:")
	}
	slices.Sort(all)
	return all
}

// Prefixes are what files may begin with on a model, in the order of "?".
func Prefixes(m model.Model) []string {
	all := append(Flashes(m), "ftp:", "null:", "nvram:", "scp:", "system:", "tftp:")
	slices.Sort(all)
	return all
}

// System is the file systems of one device, as somebody at a terminal sees them.
type System struct {
	Model model.Model
	Flash []*flash.FS // one a member
	Here  Place       // where names without a colon are; the zero value is the root of the first flash
}

// here is where names without a colon are.
func (y System) here() Place {
	if y.Here.FS == nil {
		return Place{Scheme: "flash", Prefix: y.Model.Storage, FS: y.Flash[0]}
	}
	return y.Here
}

// Store returns the flash of a prefix, and nil if there is none.
func (y System) Store(prefix string) *flash.FS {
	var member int
	switch {
	case prefix == y.Model.Storage, slices.Contains(y.Model.Aliases, prefix):
		return y.Flash[0]
	case prefix == "stby-flash:" && len(y.Flash) > 1:
		return y.Flash[1]
	}
	if n, _ := fmt.Sscanf(prefix, "flash-%d:", &member); n == 1 && member >= 1 && member <= len(y.Flash) && len(y.Flash) > 1 {
		return y.Flash[member-1]
	}
	return nil
}

// Find understands what a command names. The error is ErrBadURL.
func (y System) Find(text string) (Place, error) {
	switch text {
	case "running-config", "startup-config":
		return Place{Scheme: text, Path: text}, nil
	}
	if slices.Contains(Prefixes(y.Model), strings.ToLower(text)+":") { // "copy tftp flash" is older than the colons
		text += ":"
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		p := y.here()
		if !strings.HasPrefix(text, "/") {
			text = p.Path + "/" + text
		}
		p.Path = Tidy(text)
		return p, nil
	}
	scheme = strings.ToLower(scheme)
	if fs := y.Store(scheme + ":"); fs != nil {
		return Place{Scheme: "flash", Prefix: scheme + ":", FS: fs, Path: Tidy(rest)}, nil
	}
	name := flash.Clean(rest)
	switch scheme {
	case "nvram":
		if name == "startup-config" {
			return Place{Scheme: name, Path: name}, nil
		}
		return Place{Scheme: "nvram", Prefix: "nvram:", Path: name}, nil
	case "system":
		if name == "running-config" {
			return Place{Scheme: name, Path: name}, nil
		}
		return Place{}, ErrBadURL
	case "null":
		return Place{Scheme: "null", Prefix: "null:", Path: name}, nil
	case "tftp", "ftp", "scp":
		r, err := ParseRemote(scheme, rest)
		return Place{Scheme: scheme, Prefix: scheme + ":", Remote: r, Path: r.Path}, err
	}
	return Place{}, ErrBadURL
}

// ParseRemote understands what follows "tftp:": nothing, or "//[user[:password]@]host[:port]/path".
func ParseRemote(scheme, rest string) (Remote, error) {
	r := Remote{Scheme: scheme}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		r.Path = rest
		return r, nil
	}
	authority, name, _ := strings.Cut(rest, "/")
	r.Path = name
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		var err1, err2 error
		r.User, err1 = url.PathUnescape(user)
		r.Password, err2 = url.PathUnescape(password)
		if err1 != nil || err2 != nil {
			return r, ErrBadURL
		}
		authority = authority[at+1:]
	}
	host, port, ok := strings.Cut(authority, ":")
	r.Host, _, _ = strings.Cut(host, ";") // ";vrf"
	if ok {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || scheme == "tftp" { // the TFTP of a device knows port 69 only
			return r, ErrBadURL
		}
		r.Port = int(n)
	}
	return r, nil
}

// String is how messages name a place: without the secrets of its URL.
func (p Place) String() string {
	switch p.Scheme {
	case "tftp", "ftp", "scp":
		user := ""
		if p.Remote.User != "" && p.Scheme != "tftp" {
			user = "*:*@"
		}
		port := ""
		if p.Remote.Port != 0 {
			port = ":" + strconv.Itoa(p.Remote.Port)
		}
		return p.Scheme + "://" + user + p.Remote.Host + port + "/" + p.Remote.Path
	case "running-config":
		return "system:running-config"
	case "startup-config":
		return "nvram:startup-config"
	}
	return p.Prefix + p.Path
}

// Network reports whether the place is on a server.
func (p Place) Network() bool { return p.Remote.Scheme != "" }

// Base is the last part of a path.
func Base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Tidy is a path on a flash without "." and ".."; what is to be a directory keeps the slash
// at its end.
func Tidy(name string) string {
	clean := flash.Clean(path.Clean("/" + name))
	if clean != "" && strings.HasSuffix(name, "/") {
		clean += "/"
	}
	return clean
}
