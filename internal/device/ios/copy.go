package ios

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"dray/internal/device"
	"dray/internal/device/ios/show"
	"dray/internal/device/term"
)

// longest is how long a command may be; then the device asks for the rest.
const longest = 200

// Fetch has the device copy a file to its flash, and sees that it is there as a whole. What
// it leaves when it fails is deleted, unless a file of that name was there before.
func (d *Device) Fetch(ctx context.Context, c device.Copy) (int64, error) {
	to, err := parsePath(c.To)
	if err != nil {
		return 0, err
	}
	from, err := parseURL(c.URL)
	if err != nil {
		return 0, err
	}
	if c.Password == "" {
		c.Password, _ = from.User.Password()
	}
	old, err := d.room(ctx, to, c)
	if err != nil {
		return 0, err
	}
	n, err := d.fetch(ctx, from, to, c)
	if err == nil {
		err = d.arrived(ctx, to, n, c)
	}
	if err == nil || old || errors.Is(err, term.ErrQuestion) {
		return n, err
	}
	deleted, failed := d.discard(ctx, to)
	if deleted {
		err = fmt.Errorf("%w; %s was deleted again", err, to)
	}
	return n, errors.Join(err, failed)
}

// room sees whether the file may come: that it does not take the place of what runs, and
// that there is space for it. It reports whether a file of that name is there.
func (d *Device) room(ctx context.Context, to location, c device.Copy) (old bool, err error) {
	l, err := d.List(ctx, to.dir())
	if err != nil {
		return false, err
	}
	f, old := l.Find(to.base())
	if old {
		if err := d.expendable(ctx, to); err != nil {
			return old, err
		}
		if !c.Replace {
			return old, fmt.Errorf("%w: %s, of %d octets", device.ErrExists, to, f.Size)
		}
	}
	if c.Size > 0 && l.Free >= 0 && l.Free < c.Size {
		return old, fmt.Errorf("%w: %s has %d octets free, and %d are needed", show.ErrNoSpace, to.fs, l.Free, c.Size)
	}
	return old, nil
}

// fetch copies.
func (d *Device) fetch(ctx context.Context, from *url.URL, to location, c device.Copy) (int64, error) {
	command := "copy " + from.String() + " " + to.fs
	if len(command) > longest || from.Scheme == "scp" {
		command = "copy " + from.Scheme + ": " + to.fs
	}
	foreign := false
	out, err := d.long(ctx, term.Command{Text: command, Speaks: from.Scheme != "scp", Answer: func(q term.Query) (term.Answer, error) {
		switch q.Name {
		case "remote-host":
			return term.Say(from.Host), nil
		case "source-filename":
			return term.Say(strings.TrimPrefix(from.Path, "/")), nil
		case "source-username":
			return term.Say(from.User.Username()), nil
		case "destination-filename":
			return term.Say(to.name), nil
		case "password":
			return term.Hide(c.Password), nil
		case "overwrite":
			if c.Replace {
				return term.Yes(), nil
			}
			return term.No(), nil
		case "abort-copy":
			foreign = true
			return term.Yes(), nil
		}
		return term.Answer{}, errors.New("copy does not expect it")
	}})
	switch {
	case foreign:
		return 0, &show.ActError{Kind: show.ErrForeign, Text: "File not a valid executable for this system"}
	case err != nil:
		return 0, err
	}
	copied, err := show.ParseCopy(out.Text())
	return copied.Bytes, err
}

// arrived sees that the file is on the device, and is what was sent.
func (d *Device) arrived(ctx context.Context, to location, n int64, c device.Copy) error {
	l, err := d.List(ctx, to.dir())
	if err != nil {
		return err
	}
	f, ok := l.Find(to.base())
	switch {
	case !ok:
		return fmt.Errorf("%w: the device says that it has copied %d octets, but %s is not there", device.ErrDamaged, n, to)
	case f.Size != n, c.Size > 0 && f.Size != c.Size:
		return fmt.Errorf("%w: %s has %d octets; sent were %d", device.ErrDamaged, to, f.Size, max(c.Size, n))
	case c.MD5 == "":
		return nil
	}
	sum, err := d.Verify(ctx, to.String())
	if err == nil && !strings.EqualFold(sum, c.MD5) {
		err = fmt.Errorf("%w: the MD5 of %s is %s; want %s", device.ErrDamaged, to, sum, strings.ToLower(c.MD5))
	}
	return err
}

// discard deletes what a copy has left, if it has left anything.
func (d *Device) discard(ctx context.Context, to location) (deleted bool, err error) {
	if d.s == nil {
		return false, nil
	}
	l, err := d.List(ctx, to.dir())
	if errors.Is(err, term.ErrOver) { // nothing can be done any more: the caller has the reason
		return false, nil
	}
	if _, ok := l.Find(to.base()); err != nil || !ok {
		return false, err
	}
	err = d.remove(ctx, to)
	return err == nil, err
}

// Store has the device copy one of its files, or its configuration, to a server.
func (d *Device) Store(ctx context.Context, file, to string) (int64, error) {
	target, err := parseURL(to)
	if err != nil {
		return 0, err
	}
	if file != "running-config" && file != "startup-config" {
		p, err := parsePath(file)
		if err != nil {
			return 0, err
		}
		file = p.String()
	}
	name := strings.TrimPrefix(target.Path, "/")
	command := "copy " + file + " " + target.String()
	if len(command) > longest || target.Scheme == "scp" {
		command = "copy " + file + " " + target.Scheme + ":"
	}
	password, _ := target.User.Password()
	out, err := d.work(ctx, command, false, func(q term.Query) (term.Answer, error) {
		switch q.Name {
		case "remote-host":
			return term.Say(target.Host), nil
		case "source-filename":
			return term.Say(plain(file)), nil
		case "destination-username":
			return term.Say(target.User.Username()), nil
		case "destination-filename":
			return term.Say(name), nil
		case "password":
			return term.Hide(password), nil
		}
		return term.Answer{}, errors.New("copy does not expect it")
	})
	if err != nil {
		return 0, err
	}
	copied, err := show.ParseCopy(out.Text())
	return copied.Bytes, err
}

// parseURL reads where a device is to fetch or store a file.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("that is no URL of the form SCHEME://HOST/FILE")
	}
	switch {
	case u.Scheme != "tftp" && u.Scheme != "ftp" && u.Scheme != "scp":
		return nil, fmt.Errorf("%w: copies go by tftp, ftp or scp, not %q", device.ErrLacks, u.Scheme)
	case u.Host == "" || strings.Trim(u.Path, "/") == "" || strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL names no file: want SCHEME://HOST/FILE")
	case u.Scheme == "tftp" && u.Port() != "":
		return nil, fmt.Errorf("%w: devices ask TFTP servers on port 69 and nowhere else", device.ErrLacks)
	case strings.ContainsAny(u.Path, " \t\r\n?;|"):
		return nil, errors.New("a device cannot be told a name with blanks or question marks")
	}
	u.Path, u.RawPath = "/"+strings.TrimLeft(u.Path, "/"), ""
	return u, nil
}

// Verify returns the MD5 of a file as the device reads it.
func (d *Device) Verify(ctx context.Context, file string) (string, error) {
	p, err := parsePath(file)
	if err != nil {
		return "", err
	}
	out, err := d.work(ctx, "verify /md5 "+p.String(), false, nil)
	if err != nil {
		return "", err
	}
	of, sum, err := show.ParseMD5(out.Text())
	if err == nil && !p.is(of) {
		err = fmt.Errorf("%w: it has verified %s instead of %s", device.ErrOther, of, p)
	}
	return sum, err
}

// Check has the device compare an image with the sum or signature that is in it.
func (d *Device) Check(ctx context.Context, file string) error {
	p, err := parsePath(file)
	if err != nil {
		return err
	}
	out, err := d.work(ctx, "verify "+p.String(), false, nil)
	if err != nil {
		return err
	}
	return show.ParseVerify(out.Text())
}

// Delete deletes one file, and sees that it is gone.
func (d *Device) Delete(ctx context.Context, file string) error {
	p, err := parsePath(file)
	if err != nil {
		return err
	}
	if err := d.expendable(ctx, p); err != nil {
		return err
	}
	return d.remove(ctx, p)
}

// expendable refuses what a device needs to boot, and what it keeps its configuration in.
func (d *Device) expendable(ctx context.Context, p location) error {
	if d.version.Hostname == "" {
		if _, err := d.identity(ctx); err != nil {
			return err
		}
	}
	name := p.base()
	switch ext := path.Ext(name); {
	case plain(d.version.Image) == p.name:
		return fmt.Errorf("%w: %s is what it runs", device.ErrGuarded, p)
	case name == "packages.conf", ext == ".pkg", name == "vlan.dat", ext == ".text", name == "nvram", name == "nvram_config", ext == ".pem", ext == ".cer", p.fs == "nvram:":
		return fmt.Errorf("%w: it needs %s", device.ErrGuarded, p)
	}
	all, err := d.bootVariables(ctx)
	if err != nil {
		return err
	}
	list, err := d.bootList(ctx, all)
	if err == nil && len(list) > 0 && plain(list[0]) == p.name {
		err = fmt.Errorf("%w: %s is what it boots next", device.ErrGuarded, p)
	}
	return err
}

// remove deletes a file that may go.
func (d *Device) remove(ctx context.Context, p location) error {
	out, err := d.Run(ctx, term.Command{Text: "delete " + p.String(), Idle: d.cfg.CopyIdle, Answer: func(q term.Query) (term.Answer, error) {
		switch {
		case q.Name == "delete-filename" && strings.TrimLeft(q.Bracket, "/") == p.name:
			return term.Enter(), nil
		case q.Name == "delete" && p.is(q.Bracket):
			return term.Yes(), nil
		case q.Name == "delete":
			return term.No(), nil
		}
		return term.Answer{}, fmt.Errorf("it is not about %s", p)
	}})
	if err != nil {
		return err
	}
	if err := show.ParseDelete(out.Text()); err != nil {
		return err
	}
	l, err := d.List(ctx, p.dir())
	if _, there := l.Find(p.base()); err == nil && there {
		err = fmt.Errorf("%w: %s is still there", device.ErrOther, p)
	}
	return err
}
