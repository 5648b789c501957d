// Package copying is the copy command of simulated devices: its questions in their order,
// the marks of a transfer as it goes, and what is said at its end. How files move over the
// network is for a place.Transfers.
package copying

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/pause"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/secret"
	"dray/internal/device/iossim/tty"
)

// Device is the device that copies.
type Device interface {
	Config() *conf.Config // a copy of the running-config
	Now() time.Time
	Running() string  // the text of the running-config
	Startup() string  // that of the startup-config; "" for none
	Keep(text string) // makes a text the startup-config
	Save() error      // the running-config, and says so

	// Load takes a text into the running-config. from is what the log names.
	Load(text, from string)
}

// Copier is one copy. Set the fields that have a name, then call [Copier.Copy].
type Copier struct {
	*tty.Terminal
	Device    Device
	System    place.System
	Transfers place.Transfers // nil refuses the network
	Memory    *Memory
	User      string // who copies
	Speed     pause.Speed

	from, to place.Place
	user     string // who logs in, where the URL does not say
	password string
	begun    time.Time
	opening  sync.Once
	opened   atomic.Bool // the server has answered
	moved    atomic.Bool // and takes what is sent
	waited   atomic.Bool // nobody had answered in time, once or more
}

// Copy asks for what is missing, and copies. What goes wrong with the copy is said at the
// terminal; an error is one of the terminal.
func (c *Copier) Copy(from, to place.Place) error {
	c.from, c.to = from, to
	ok, err := c.questions()
	if err != nil || !ok {
		return err
	}
	return c.run()
}

// questions asks for what the command has left out, in the order of the devices. It
// returns false when an answer ends the copy.
func (c *Copier) questions() (ok bool, err error) {
	quiet, _ := c.Device.Config().Get("file prompt")
	d := c.Memory.get()
	if c.from.Network() {
		if ok, err := c.host(&c.from, d.host); !ok || err != nil {
			return false, err
		}
		if c.from.Scheme == "scp" {
			if err := c.account(&c.from, "Source"); err != nil {
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
			if err := c.account(&c.to, "Destination"); err != nil {
				return false, err
			}
		}
	}
	if quiet != "quiet" || c.to.Path == "" {
		if err := c.destination(); err != nil {
			return false, err
		}
	}
	if err := c.credentials(); err != nil {
		return false, err
	}
	c.Memory.set(c)
	return c.overwrite(quiet == "quiet")
}

// host asks for the server, unless the command has named it.
func (c *Copier) host(p *place.Place, last string) (bool, error) {
	if p.Remote.Host != "" {
		return true, nil
	}
	if p.Scheme == "tftp" {
		last, _, _ = strings.Cut(last, ":")
	}
	answer, err := c.Ask("Address or name of remote host [" + last + "]? ")
	if err != nil {
		return false, err
	}
	if answer == "" {
		answer = last
	}
	r, err := place.ParseRemote(p.Scheme, "//"+answer)
	if answer == "" || r.Host == "" || err != nil || strings.ContainsAny(answer, " /@") {
		c.Print("?Host name or address not specified\n%Error parsing filename (Bad address)\n")
		return false, nil
	}
	p.Remote.Host, p.Remote.Port = r.Host, r.Port
	return true, nil
}

// account asks who is to log in.
func (c *Copier) account(p *place.Place, what string) error {
	if p.Remote.User != "" {
		return nil
	}
	answer, err := c.Ask(what + " username [" + c.User + "]? ")
	if answer == "" {
		answer = c.User
	}
	c.user = answer
	return err
}

// name asks for the source file.
func (c *Copier) name(p *place.Place, what, last string) (bool, error) {
	if p.Path == "" {
		answer, err := c.Ask(what + " filename [" + last + "]? ")
		if err != nil {
			return false, err
		}
		if answer == "" {
			answer = last
		}
		if answer == "" {
			c.Print("%Error parsing filename (No such file or directory)\n")
			return false, nil
		}
		p.Path = answer // of a server it may begin with a slash
		if !p.Network() {
			p.Path = place.Tidy(answer)
		}
	}
	p.Remote.Path = p.Path
	return true, nil
}

// destination asks under which name the copy is to be kept. The prompt is made of what
// the command says, or of the name of the source.
func (c *Copier) destination() error {
	proposed := c.to.Path
	if proposed == "" || strings.HasSuffix(proposed, "/") {
		proposed += place.Base(c.from.Path)
		if c.from.Scheme == "running-config" || c.from.Scheme == "startup-config" {
			proposed = strings.ToLower(c.hostname()) + "-confg"
		}
	}
	answer, err := c.Ask("Destination filename [" + proposed + "]? ")
	if answer == "" {
		answer = proposed
	}
	if c.to.Scheme != "running-config" && c.to.Scheme != "startup-config" {
		c.to.Path = answer
		if !c.to.Network() {
			c.to.Path = place.Tidy(answer)
		}
	}
	c.to.Remote.Path = c.to.Path
	return err
}

// server is the place that is not here; of two that are, the destination.
func (c *Copier) server() place.Place {
	if c.from.Network() {
		return c.from
	}
	return c.to
}

// credentials takes users from the configuration, and asks for the password of SCP.
// Messages show nothing of them: those stand in no URL.
func (c *Copier) credentials() (err error) {
	r := c.server().Remote
	switch r.Scheme {
	case "ftp":
		if r.User == "" {
			c.user, c.password = c.ftpUser()
		}
	case "scp":
		if r.Password == "" {
			c.password, err = c.AskSecret("Password: ")
		}
	}
	return err
}

// ftpUser is who the configuration says logs in by FTP.
func (c *Copier) ftpUser() (user, password string) {
	user, ok := c.Device.Config().Get("ip ftp username")
	if !ok {
		return "anonymous", strings.ToLower(c.hostname()) + "@" + strings.ToLower(c.hostname()) + ".local"
	}
	password, _ = c.Device.Config().Get("ip ftp password")
	if hidden, ok := strings.CutPrefix(password, "7 "); ok {
		password, _ = secret.Reveal(hidden)
	}
	return user, password
}

// remote is the file on the server, with who logs in and what else the configuration says of
// transfers.
func (c *Copier) remote() place.Remote {
	r := c.server().Remote
	if r.User == "" {
		r.User = c.user
	}
	if r.Password == "" {
		r.Password = c.password
	}
	f := c.Device.Config()
	_, r.Active = f.Get("no ip ftp passive")
	if size, ok := f.Get("ip tftp blocksize"); ok {
		fmt.Sscan(size, &r.BlockSize)
	}
	if name, ok := f.Get("ip " + r.Scheme + " source-interface"); ok {
		r.Source, _ = configure.Address(f, name)
	}
	return r
}

// overwrite asks before a file is lost, and offers to erase where the class does.
func (c *Copier) overwrite(quiet bool) (bool, error) {
	if c.to.FS == nil {
		return true, nil
	}
	if _, err := c.to.FS.Open(c.to.Path); err == nil && !quiet {
		c.Print("%Warning:There is a file already existing with this name \n")
		yes, err := c.Confirm("Do you want to over write? ")
		if err != nil || !yes {
			return false, err
		}
	}
	if c.to.FS.Class() == flash.Disk || quiet || c.from.FS == c.to.FS {
		return true, nil
	}
	yes, err := c.Confirm("Erase " + c.to.Prefix + " before copying? ")
	if err != nil || !yes {
		return err == nil, err
	}
	yes, err = c.Confirm("Erasing the " + strings.TrimSuffix(c.to.Prefix, ":") + " filesystem will remove all files! Continue? ")
	if err != nil || !yes {
		return false, err
	}
	return true, Erase(c.Terminal, c.Speed, c.to.Prefix, c.to.FS)
}

// Erase erases a flash as slowly as a device does.
func Erase(t *tty.Terminal, speed pause.Speed, prefix string, fs *flash.FS) error {
	t.Print("Erasing device... ")
	err := t.During(func(ctx context.Context, show func(string)) error {
		for range 16 {
			if err := speed.For(ctx, time.Second/2); err != nil {
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
	t.Printf(" ...erased\nErase of %s complete\n", prefix)
	return nil
}

// run copies.
func (c *Copier) run() error {
	c.begun = time.Now()
	switch {
	case c.from.Network() && c.to.Network():
		c.Printf("%%Error copying %s (Invalid argument)\n", c.from)
		return nil
	case c.from.Network():
		return c.download()
	}
	content, err := Source(c.Device, c.from)
	if err != nil {
		c.Printf("%%Error opening %s (%s)\n", c.from, place.Why(err))
		return nil
	}
	switch {
	case c.to.Network():
		return c.upload(content)
	case c.to.FS != nil:
		return c.local(content)
	case c.to.Scheme == "null":
		c.Printf("%d bytes copied in %.3f secs\n", content.Size(), time.Since(c.begun).Seconds())
		return nil
	}
	return c.configuration(content)
}

// Source is what is to be copied, of this device.
func Source(d Device, p place.Place) (flash.Content, error) {
	switch p.Scheme {
	case "running-config":
		return flash.Text(d.Running()), nil
	case "startup-config":
		text := d.Startup()
		if text == "" {
			return nil, fs.ErrNotExist
		}
		return flash.Text(text), nil
	case "flash":
		f, err := p.FS.Open(p.Path)
		return f.Content, err
	}
	return nil, fs.ErrNotExist
}

// configuration takes a file into the running-config, or keeps it as startup-config.
func (c *Copier) configuration(content flash.Content) error {
	const most = 4 << 20
	if content.Size() > min(most, int64(c.System.Model.NVRAM)) {
		c.Printf("%%Error copying %s (Not enough space on device)\n", c.from)
		return nil
	}
	b, err := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	text := string(b)
	switch {
	case c.to.Scheme == "startup-config" && c.from.Scheme == "running-config":
		return c.Device.Save()
	case c.to.Scheme == "startup-config":
		c.Print("[OK]\n")
		c.Device.Keep(text)
	case c.to.Scheme == "running-config":
		c.Device.Load(text, c.from.String())
	default:
		c.Printf("%%Error opening %s (Invalid argument)\n", c.to)
		return nil
	}
	c.Print(copied(int64(len(b)), time.Since(c.begun)))
	return nil
}

// copied is the line that ends a copy.
func copied(n int64, long time.Duration) string {
	long = max(long, time.Millisecond)
	return fmt.Sprintf("%d bytes copied in %.3f secs (%d bytes/sec)\n", n, long.Seconds(), int64(float64(n)/long.Seconds()))
}

// executable reports whether a file that begins so may be one that boots here. Files that
// are not called as images are not looked at.
func (c *Copier) executable(head []byte) bool {
	if path.Ext(c.to.Path) != ".bin" {
		return true
	}
	h, err := image.Peek(bytes.NewReader(head))
	return err == nil && h.Platform == c.System.Model.Name
}
