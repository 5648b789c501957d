package sshclient

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	hashed "golang.org/x/crypto/ssh/knownhosts"
)

// hosts decides whether the key of a server is good.
type hosts struct {
	d       *Dialer
	h       hop
	db      *knownhosts.HostKeyDB // nil if there are no files yet
	asking  *time.Timer           // ends the handshake; it stands still while people think
	refused error                 // why the key was not taken
}

func (d *Dialer) hosts(h hop) (*hosts, error) {
	var files []string
	for _, name := range d.KnownHosts {
		if _, err := os.Stat(name); err == nil {
			files = append(files, name)
		}
	}
	all := &hosts{d: d, h: h}
	if len(files) == 0 {
		return all, nil
	}
	var err error
	if all.db, err = knownhosts.NewDB(files...); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrConfig, err)
	}
	return all, nil
}

// algorithms asks for a key that is known, if there is one: a server shows one of several.
func (s *hosts) algorithms(legacy bool) []string {
	var known []string
	if s.db != nil && !s.pinned() {
		known = s.db.HostKeyAlgorithms(s.h.addr)
	}
	if len(known) > 0 {
		return known
	}
	// ed25519 in front, whose fingerprint servers tell first
	all := []string{ssh.KeyAlgoED25519}
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if a != ssh.KeyAlgoED25519 && (s.db != nil || !strings.Contains(a, "-cert-")) {
			all = append(all, a)
		}
	}
	if legacy {
		all = append(all, ssh.KeyAlgoRSA)
	}
	return all
}

func (s *hosts) pinned() bool { return s.h.target && s.d.HostKey != "" }

// check is the [ssh.HostKeyCallback].
func (s *hosts) check(addr string, remote net.Addr, key ssh.PublicKey) error {
	s.refused = s.judge(addr, remote, key)
	return s.refused
}

func (s *hosts) judge(addr string, remote net.Addr, key ssh.PublicKey) error {
	print := ssh.FingerprintSHA256(key)
	if s.pinned() {
		if print != s.d.HostKey {
			return fmt.Errorf("%w: it is %s", ErrPin, print)
		}
		return nil
	}
	var err error = &hashed.KeyError{} // unknown
	if s.db != nil {
		err = s.db.HostKeyCallback()(addr, remote, key)
	}
	switch {
	case err == nil:
		return nil
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("%w. %s shows %s %s; known is another key of the kind: %s", ErrHostKeyChanged, s.h.alias, key.Type(), print, places(err))
	case !knownhosts.IsHostUnknown(err):
		return fmt.Errorf("%w: %v", ErrHostKeyUnknown, err) // revoked, say
	case s.d.Ask == nil:
		return fmt.Errorf("%w: %s shows %s %s, and nobody is there to say whether it is the right one", ErrHostKeyUnknown, s.h.alias, key.Type(), print)
	}
	return s.ask(addr, key)
}

// places are where the known keys of a host stand.
func places(err error) string {
	var k *hashed.KeyError
	if !errors.As(err, &k) {
		return ""
	}
	var all []string
	for _, w := range k.Want {
		all = append(all, fmt.Sprintf("%s:%d has %s", w.Filename, w.Line, ssh.FingerprintSHA256(w.Key)))
	}
	return strings.Join(all, ", ")
}

// ask lets somebody compare the fingerprint, and keeps a key that is right.
func (s *hosts) ask(addr string, key ssh.PublicKey) error {
	s.asking.Stop()
	defer s.asking.Reset(handshake)
	print := ssh.FingerprintSHA256(key)
	answer, err := s.d.Ask(fmt.Sprintf("%s is not known yet. It shows %s %s\nIs that its key? (yes, no, or the fingerprint itself) ", s.h.alias, key.Type(), print), false)
	if err != nil {
		return err
	}
	if answer = strings.TrimSpace(answer); !strings.EqualFold(answer, "yes") && answer != print {
		return fmt.Errorf("%w, and was not accepted", ErrHostKeyUnknown)
	}
	if len(s.d.KnownHosts) == 0 {
		return nil
	}
	return remember(s.d.KnownHosts[0], addr, key)
}

// remember adds a key to a file, under a name that does not tell whose it is.
func remember(file, addr string, key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	line := hashed.HashHostname(hashed.Normalize(addr)) + " " + strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n") + "\n"
	if !endsWithLine(f) {
		line = "\n" + line
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// endsWithLine reports whether a file is empty or ends with a whole line.
func endsWithLine(f *os.File) bool {
	i, err := f.Stat()
	if errors.Is(err, fs.ErrNotExist) || err != nil || i.Size() == 0 {
		return true
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], i.Size()-1)
	return err != nil || last[0] == '\n'
}
