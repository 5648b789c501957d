package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/secret"
)

// copyFile is "copy FROM TO": it asks for what is missing, and copies.
func copyFile(s *session, a args, _ io.Writer) error {
	from, err1 := s.d.sys().Find(a["from"])
	to, err2 := s.d.sys().Find(a["to"])
	if err := errors.Join(err1, err2); err != nil {
		s.Print("%Error parsing filename (Bad file number)\n")
		return nil
	}
	c := &copier{s: s, from: from, to: to}
	ok, err := c.questions()
	if err != nil || !ok {
		return err
	}
	return c.run()
}

// copier is one copy.
type copier struct {
	s        *session
	from, to place.Place
	begun    time.Time
	opening  sync.Once
	opened   atomic.Bool // the server has answered
}

// questions asks for what the command has left out, in the order of the devices. It
// returns false when an answer ends the copy.
func (c *copier) questions() (ok bool, err error) {
	s := c.s
	quiet, _ := s.d.get("file prompt")
	d := s.d.remembered()
	if c.from.Network() {
		if ok, err := c.host(&c.from, d.host); !ok || err != nil {
			return false, err
		}
		if c.from.Scheme == "scp" {
			if err := c.user(&c.from, "Source"); err != nil {
				return false, err
			}
		}
	}
	if ok, err := c.name(&c.from, "Source", d.name); !ok || err != nil {
		return false, err
	}
	if c.to.Network() {
		if ok, err := c.host(&c.to, d.host); !ok || err != nil {
			return false, err
		}
		if c.to.Scheme == "scp" {
			if err := c.user(&c.to, "Destination"); err != nil {
				return false, err
			}
		}
	}
	if quiet != "quiet" || c.to.Path == "" {
		if err := c.destination(); err != nil {
			return false, err
		}
	}
	for _, p := range []*place.Place{&c.from, &c.to} {
		if err := c.credentials(p); err != nil {
			return false, err
		}
	}
	s.d.remember(c)
	return c.overwrite(quiet == "quiet")
}

// host asks for the server, unless the command has named it.
func (c *copier) host(p *place.Place, last string) (bool, error) {
	if p.Remote.Host != "" {
		return true, nil
	}
	if p.Scheme == "tftp" {
		last, _, _ = strings.Cut(last, ":")
	}
	answer, err := c.s.Ask("Address or name of remote host [" + last + "]? ")
	if err != nil {
		return false, err
	}
	if answer == "" {
		answer = last
	}
	r, err := place.ParseRemote(p.Scheme, "//"+answer)
	if answer == "" || r.Host == "" || err != nil || strings.ContainsAny(answer, " /@") {
		c.s.Print("?Host name or address not specified\n%Error parsing filename (Bad address)\n")
		return false, nil
	}
	p.Remote.Host, p.Remote.Port = r.Host, r.Port
	return true, nil
}

// user asks who is to log in.
func (c *copier) user(p *place.Place, what string) error {
	if p.Remote.User != "" {
		return nil
	}
	answer, err := c.s.Ask(what + " username [" + c.s.user + "]? ")
	if answer == "" {
		answer = c.s.user
	}
	p.Remote.User = answer
	return err
}

// name asks for the source file.
func (c *copier) name(p *place.Place, what, last string) (bool, error) {
	if p.Path == "" {
		answer, err := c.s.Ask(what + " filename [" + last + "]? ")
		if err != nil {
			return false, err
		}
		if answer == "" {
			answer = last
		}
		if answer == "" {
			c.s.Print("%Error parsing filename (No such file or directory)\n")
			return false, nil
		}
		p.Path = flash.Clean(answer)
	}
	p.Remote.Path = p.Path
	return true, nil
}

// destination asks under which name the copy is to be kept. The prompt is made of what
// the command says, or of the name of the source.
func (c *copier) destination() error {
	proposed := c.to.Path
	if proposed == "" || strings.HasSuffix(proposed, "/") {
		proposed += place.Base(c.from.Path)
		if c.from.Scheme == "running-config" || c.from.Scheme == "startup-config" {
			proposed = strings.ToLower(c.s.d.Hostname()) + "-confg"
		}
	}
	answer, err := c.s.Ask("Destination filename [" + proposed + "]? ")
	if answer == "" {
		answer = proposed
	}
	if c.to.Scheme != "running-config" && c.to.Scheme != "startup-config" {
		c.to.Path = answer
		if !c.to.Network() {
			c.to.Path = flash.Clean(answer)
		}
	}
	c.to.Remote.Path = c.to.Path
	return err
}

// credentials takes users from the configuration, and asks for the password of SCP.
func (c *copier) credentials(p *place.Place) (err error) {
	r := &p.Remote
	switch p.Scheme {
	case "ftp":
		if r.User == "" {
			r.User, r.Password = c.s.d.ftpUser()
		}
	case "scp":
		if r.Password == "" {
			r.Password, err = c.s.AskSecret("Password: ")
		}
	}
	c.s.d.network(r)
	return err
}

// ftpUser is who the configuration says logs in by FTP.
func (d *Device) ftpUser() (user, password string) {
	user, ok := d.get("ip ftp username")
	if !ok {
		return "anonymous", strings.ToLower(d.Hostname()) + "@" + strings.ToLower(d.Hostname()) + ".local"
	}
	password, _ = d.get("ip ftp password")
	if hidden, ok := strings.CutPrefix(password, "7 "); ok {
		password, _ = secret.Reveal(hidden)
	}
	return user, password
}

// network takes what else the configuration says of transfers.
func (d *Device) network(r *place.Remote) {
	c := d.config()
	_, r.Active = c.Get("no ip ftp passive")
	if size, ok := c.Get("ip tftp blocksize"); ok {
		fmt.Sscan(size, &r.BlockSize)
	}
	if name, ok := c.Get("ip " + r.Scheme + " source-interface"); ok {
		r.Source, _ = configure.Address(c, name)
	}
}

// overwrite asks before a file is lost, and offers to erase where the class does.
func (c *copier) overwrite(quiet bool) (bool, error) {
	if c.to.FS == nil {
		return true, nil
	}
	s := c.s
	if _, err := c.to.FS.Open(c.to.Path); err == nil && !quiet {
		s.Print("%Warning:There is a file already existing with this name \n")
		yes, err := s.Confirm("Do you want to over write? ")
		if err != nil || !yes {
			return false, err
		}
	}
	if c.to.FS.Class() == flash.Disk || quiet || c.from.FS == c.to.FS {
		return true, nil
	}
	yes, err := s.Confirm("Erase " + c.to.Prefix + " before copying? ")
	if err != nil || !yes {
		return err == nil, err
	}
	yes, err = s.Confirm("Erasing the " + strings.TrimSuffix(c.to.Prefix, ":") + " filesystem will remove all files! Continue? ")
	if err != nil || !yes {
		return false, err
	}
	return true, s.erase(c.to.Prefix, c.to.FS)
}

// erase erases a flash as slowly as a device does.
func (s *session) erase(prefix string, fs *flash.FS) error {
	s.Print("Erasing device... ")
	err := s.During(func(ctx context.Context, show func(string)) error {
		for range 16 {
			if err := s.d.pause(ctx, time.Second/2); err != nil {
				return err
			}
			show("e")
		}
		fs.Erase()
		return nil
	})
	if err != nil {
		return err
	}
	s.Printf(" ...erased\nErase of %s complete\n", prefix)
	return nil
}

// run copies.
func (c *copier) run() error {
	c.begun = time.Now()
	s := c.s
	switch {
	case c.from.Network() && c.to.Network():
		s.Printf("%%Error copying %s (Invalid argument)\n", c.from)
		return nil
	case c.from.Network():
		return c.download()
	}
	content, err := c.source()
	if err != nil {
		s.Printf("%%Error opening %s (%s)\n", c.from, why(err))
		return nil
	}
	switch {
	case c.to.Network():
		return c.upload(content)
	case c.to.FS != nil:
		return c.local(content)
	case c.to.Scheme == "null":
		s.Printf("%d bytes copied in %.3f secs\n", content.Size(), time.Since(c.begun).Seconds())
		return nil
	}
	return c.configuration(content)
}

// source is what is to be copied, of this device.
func (c *copier) source() (flash.Content, error) {
	d := c.s.d
	switch c.from.Scheme {
	case "running-config":
		return flash.Text(d.runningText()), nil
	case "startup-config":
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.startup == "" {
			return nil, fs.ErrNotExist
		}
		return flash.Text(d.saved + d.startup), nil
	case "flash":
		f, err := c.from.FS.Open(c.from.Path)
		return f.Content, err
	}
	return nil, fs.ErrNotExist
}

// configuration takes a file into the running-config, or keeps it as startup-config.
func (c *copier) configuration(content flash.Content) error {
	s := c.s
	const most = 4 << 20
	if content.Size() > min(most, int64(s.d.model.NVRAM)) {
		s.Printf("%%Error copying %s (Not enough space on device)\n", c.from)
		return nil
	}
	b, err := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		return fmt.Errorf("iossim: %w", err)
	}
	text := string(b)
	switch {
	case c.to.Scheme == "startup-config" && c.from.Scheme == "running-config":
		s.save()
		return nil
	case c.to.Scheme == "startup-config":
		s.Print("[OK]\n")
		s.d.keep(text)
	case c.to.Scheme == "running-config":
		s.Print(s.configurer().Load(text))
		defer s.d.Message("%%SYS-5-CONFIG_I: Configured from %s by %s", c.from, s.who())
	default:
		s.Printf("%%Error opening %s (Invalid argument)\n", c.to)
		return nil
	}
	s.Print(copied(int64(len(b)), time.Since(c.begun)))
	return nil
}

// copied is the line that ends a copy.
func copied(n int64, long time.Duration) string {
	long = max(long, time.Millisecond)
	return fmt.Sprintf("%d bytes copied in %.3f secs (%d bytes/sec)\n", n, long.Seconds(), int64(float64(n)/long.Seconds()))
}

// why is how a device names an error.
func why(err error) string {
	for _, w := range []struct {
		err  error
		text string
	}{
		{flash.ErrFull, "Not enough space on device"}, {fs.ErrNotExist, "No such file or directory"}, {fs.ErrPermission, "Permission denied"},
		{fs.ErrExist, "File exists"}, {fs.ErrInvalid, "Invalid argument"}, {place.ErrTimeout, "Timed out"}, {place.ErrLogin, "Incorrect Login/Password"},
		{place.ErrRefused, "Connection refused by remote host"}, {place.ErrHost, "Cannot resolve domain name"}, {place.ErrUnsupported, "Protocol not supported"},
	} {
		if errors.Is(err, w.err) {
			return w.text
		}
	}
	return "I/O error"
}

// executable reports whether a file may be one that boots here. Files that do not look
// like images at all are not asked.
func (d *Device) executable(name string, content flash.Content) bool {
	if path.Ext(name) != ".bin" {
		return true
	}
	h, err := image.Peek(io.NewSectionReader(content, 0, content.Size()))
	return err == nil && h.Platform == d.model.Name
}
