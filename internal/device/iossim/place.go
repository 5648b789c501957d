package iossim

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/model"
)

// place is what a command names: a file on a flash or on a server, or a configuration.
type place struct {
	scheme string    // "flash", "running-config", "startup-config", "nvram", "null", "tftp", "ftp", "scp"
	prefix string    // as messages name it, such as "flash:"
	fs     *flash.FS // of "flash"
	path   string
	remote Remote
}

var errBadURL = errors.New("bad address")

// flashes are the prefixes of the flash of a model.
func flashes(m model.Model) []string {
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

// prefixes are what files may begin with on a model, in the order of "?".
func prefixes(m model.Model) []string {
	all := append(flashes(m), "ftp:", "null:", "nvram:", "scp:", "system:", "tftp:")
	slices.Sort(all)
	return all
}

// store returns the flash of a prefix and which member it is of.
func (d *Device) store(prefix string) *flash.FS {
	var member int
	switch {
	case prefix == d.model.Storage, slices.Contains(d.model.Aliases, prefix):
		return d.flash[0]
	case prefix == "stby-flash:" && len(d.flash) > 1:
		return d.flash[1]
	}
	if n, _ := fmt.Sscanf(prefix, "flash-%d:", &member); n == 1 && member >= 1 && member <= len(d.flash) && len(d.flash) > 1 {
		return d.flash[member-1]
	}
	return nil
}

// place understands what a command names.
func (d *Device) place(text string) (place, error) {
	switch text {
	case "running-config", "startup-config":
		return place{scheme: text, path: text}, nil
	}
	if slices.Contains(prefixes(d.model), strings.ToLower(text)+":") { // "copy tftp flash" is older than the colons
		text += ":"
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		return place{scheme: "flash", prefix: d.model.Storage, fs: d.flash[0], path: text}, nil
	}
	scheme = strings.ToLower(scheme)
	if fs := d.store(scheme + ":"); fs != nil {
		return place{scheme: "flash", prefix: scheme + ":", fs: fs, path: flash.Clean(rest)}, nil
	}
	name := flash.Clean(rest)
	switch scheme {
	case "nvram":
		if name == "startup-config" {
			return place{scheme: name, path: name}, nil
		}
		return place{scheme: "nvram", prefix: "nvram:", path: name}, nil
	case "system":
		if name == "running-config" {
			return place{scheme: name, path: name}, nil
		}
		return place{}, errBadURL
	case "null":
		return place{scheme: "null", prefix: "null:", path: name}, nil
	case "tftp", "ftp", "scp":
		r, err := remote(scheme, rest)
		return place{scheme: scheme, prefix: scheme + ":", remote: r, path: r.Path}, err
	}
	return place{}, errBadURL
}

// remote understands what follows "tftp:": nothing, or "//[user[:password]@]host[:port]/path".
func remote(scheme, rest string) (Remote, error) {
	r := Remote{Scheme: scheme}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		r.Path = rest
		return r, nil
	}
	authority, path, _ := strings.Cut(rest, "/")
	r.Path = path
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		var err1, err2 error
		r.User, err1 = url.PathUnescape(user)
		r.Password, err2 = url.PathUnescape(password)
		if err1 != nil || err2 != nil {
			return r, errBadURL
		}
		authority = authority[at+1:]
	}
	host, port, ok := strings.Cut(authority, ":")
	r.Host, _, _ = strings.Cut(host, ";") // ";vrf"
	if ok {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || scheme == "tftp" { // the TFTP of a device knows port 69 only
			return r, errBadURL
		}
		r.Port = int(n)
	}
	return r, nil
}

// String is how messages name a place: without the secrets of its URL.
func (p place) String() string {
	switch p.scheme {
	case "tftp", "ftp", "scp":
		user := ""
		if p.remote.User != "" && p.scheme != "tftp" {
			user = "*:*@"
		}
		port := ""
		if p.remote.Port != 0 {
			port = ":" + strconv.Itoa(p.remote.Port)
		}
		return p.scheme + "://" + user + p.remote.Host + port + "/" + p.remote.Path
	case "running-config":
		return "system:running-config"
	case "startup-config":
		return "nvram:startup-config"
	}
	return p.prefix + p.path
}

// network reports whether the place is on a server.
func (p place) network() bool { return p.remote.Scheme != "" }

// base is the last part of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
