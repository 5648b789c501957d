package sshclient

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// settings is the configuration file. The zero value says nothing.
type settings struct {
	file *ssh_config.Config
	home string
}

// settings reads the configuration.
func (d *Dialer) settings() (*settings, error) {
	s := new(settings)
	s.home, _ = os.UserHomeDir() // without it "~" means itself
	if d.Config == "" {
		return s, nil
	}
	text, err := os.ReadFile(d.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.file, err = ssh_config.DecodeBytes(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrConfig, d.Config, err)
	}
	return s, nil
}

// get returns what the file says of a host, "" if nothing.
func (s *settings) get(alias, key string) string {
	if s.file == nil {
		return ""
	}
	value, err := s.file.Get(alias, key)
	if err != nil {
		return ""
	}
	return value
}

// identities returns the files of keys for a host.
func (s *settings) identities(h hop) []string {
	if s.file == nil {
		return nil
	}
	all, err := s.file.GetAll(h.alias, "IdentityFile")
	if err != nil {
		return nil
	}
	for i, name := range all {
		all[i] = s.expand(name, h)
	}
	return all
}

// expand puts in what "~" and the tokens of ssh_config stand for.
func (s *settings) expand(name string, h hop) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		name = filepath.Join(s.home, rest)
	}
	host, port, _ := net.SplitHostPort(h.addr)
	return strings.NewReplacer("%%", "%", "%d", s.home, "%h", host, "%p", port, "%r", h.user, "%n", h.alias).Replace(name)
}

// hop says where a target is.
func (d *Dialer) hop(s *settings, t Target) (hop, error) {
	h := hop{alias: t.Host, user: t.User}
	if h.user == "" {
		h.user = s.get(t.Host, "User")
	}
	if h.user == "" {
		h.user = d.User
	}
	host := strings.NewReplacer("%%", "%", "%h", t.Host).Replace(s.get(t.Host, "HostName"))
	if host == "" {
		host = t.Host
	}
	port := t.Port
	if said := s.get(t.Host, "Port"); port == 0 && said != "" {
		n, err := strconv.ParseUint(said, 10, 16)
		if err != nil {
			return h, fmt.Errorf("%w: port %q of %s", ErrConfig, said, t.Host)
		}
		port = int(n)
	}
	if port == 0 {
		port = 22
	}
	h.addr = net.JoinHostPort(host, strconv.Itoa(port))
	return h, nil
}

// jumps returns the servers on the way to h, the first to be dialled in front.
func (d *Dialer) jumps(s *settings, h hop) ([]hop, error) {
	said := d.Jump
	if said == "" {
		said = s.get(h.alias, "ProxyJump")
	}
	return d.through(s, h, said, 0)
}

func (d *Dialer) through(s *settings, h hop, said string, depth int) ([]hop, error) {
	if depth > maxJumps {
		return nil, fmt.Errorf("%w: more than %d jump hosts to %s", ErrConfig, maxJumps, h.alias)
	}
	if s.get(h.alias, "ProxyCommand") != "" && said == "" {
		return nil, fmt.Errorf("%w: %s is reached by a ProxyCommand, which is not run here: use ProxyJump", ErrConfig, h.alias)
	}
	if said == "" || strings.EqualFold(said, "none") {
		return nil, nil
	}
	var all []hop
	for i, word := range strings.Split(said, ",") {
		t, err := ParseTarget(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		j, err := d.hop(s, t)
		if err != nil {
			return nil, err
		}
		if i == 0 { // which may have a way of its own
			if all, err = d.through(s, j, s.get(j.alias, "ProxyJump"), depth+1); err != nil {
				return nil, err
			}
		}
		all = append(all, j)
	}
	return all, nil
}

// ParseTarget reads [USER@]HOST[:PORT]; an IPv6 address with a port stands in brackets.
func ParseTarget(s string) (Target, error) {
	var t Target
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		t.User, s = s[:at], s[at+1:]
	}
	t.Host = s
	if host, port, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Target{}, fmt.Errorf("%w: port %q", ErrConfig, port)
		}
		t.Host, t.Port = host, int(n)
	}
	t.Host = strings.Trim(t.Host, "[]")
	if t.Host == "" || strings.ContainsAny(t.Host, " \t/") {
		return Target{}, fmt.Errorf("%w: %q names no host", ErrConfig, s)
	}
	return t, nil
}
