package ios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dray/internal/device"
	"dray/internal/device/ios/show"
	"dray/internal/device/term"
)

// SetBoot makes these files the boot list. Each has to be on the device. If the device does
// not take one of the lines, it gets the old list back.
func (d *Device) SetBoot(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("%w: without a boot list it boots anything", device.ErrGuarded)
	}
	f, err := d.identity(ctx)
	if err != nil {
		return err
	}
	old, err := d.currentBoot(ctx)
	if err != nil {
		return err
	}
	systems, err := ask(ctx, d, true, show.ParseFileSystems, "show file systems")
	if err != nil {
		return err
	}
	var lines []string
	for _, file := range files {
		p, err := d.bootable(ctx, f, file)
		if err != nil {
			return err
		}
		lines = append(lines, form(old, f, p, systems))
	}
	if slices.Equal(old, lines) {
		return nil
	}
	if err := d.configureBoot(ctx, lines); err != nil {
		return errors.Join(err, d.restoreBoot(ctx, old))
	}
	now, err := d.currentBoot(ctx)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(now, lines, func(a, b string) bool { return plain(fileOf(a)) == plain(fileOf(b)) }) {
		return errors.Join(fmt.Errorf("%w: the boot list is %q; want %q", device.ErrOther, now, lines), d.restoreBoot(ctx, old))
	}
	return nil
}

// currentBoot is the boot list as the configuration has it. Some switches show it as a
// variable only.
func (d *Device) currentBoot(ctx context.Context) ([]string, error) {
	lines, err := d.bootLines(ctx)
	if err != nil || len(lines) > 0 {
		return lines, err
	}
	all, err := d.bootVariables(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range all {
		if b.List != nil {
			return b.List, nil
		}
	}
	return nil, nil
}

// restoreBoot gives a device its old list back, by a new connection if the old one is lost:
// without a list it would boot anything.
func (d *Device) restoreBoot(ctx context.Context, old []string) error {
	if err := d.configureBoot(ctx, old); !errors.Is(err, term.ErrOver) {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	if err := d.connect(ctx); err != nil {
		return fmt.Errorf("its boot list is to be %q, but it cannot be reached to say so: %w", old, err)
	}
	return d.configureBoot(ctx, old)
}

// bootable sees that a file can be in the list.
func (d *Device) bootable(ctx context.Context, f device.Facts, file string) (location, error) {
	p, err := parsePath(file)
	if err != nil {
		return p, err
	}
	if f.Mode == "install" && p.base() != "packages.conf" {
		return p, fmt.Errorf("%w: in install mode it boots packages.conf; an image is added and activated", device.ErrGuarded)
	}
	l, err := d.List(ctx, p.dir())
	if err != nil {
		return p, err
	}
	if _, ok := l.Find(p.base()); !ok {
		return p, fmt.Errorf("%w: %s is not there", show.ErrNotFound, p)
	}
	return p, nil
}

// form writes a file as the list that is there does, or else as the device calls what it
// runs: with a slash or without, with the same name of the file system where it has several.
func form(old []string, f device.Facts, p location, systems []show.FileSystem) string {
	like, words := f.Image, []string(nil)
	if len(old) > 0 {
		words = strings.Fields(old[0])
		like, words = words[len(words)-1], words[:len(words)-1]
	} else if len(f.Members) > 1 {
		words = []string{"switch", "all"}
	}
	fs, name, colon := strings.Cut(like, ":")
	switch {
	case colon:
		fs += ":"
	case len(words) == 1 && words[0] == "flash": // as in "boot system flash x.bin"
		fs, name = "flash:", like
	default:
		fs, name = p.fs, ""
	}
	if fs != p.fs && !slices.ContainsFunc(systems, func(s show.FileSystem) bool {
		return slices.Contains(s.Prefixes, fs) && slices.Contains(s.Prefixes, p.fs)
	}) {
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "flash" })
		return strings.Join(append(words, p.String()), " ")
	}
	text := p.name
	if strings.HasPrefix(name, "/") {
		text = "/" + text
	}
	if colon || len(words) != 1 || words[0] != "flash" {
		text = fs + text
	}
	return strings.Join(append(slices.Clone(words), text), " ")
}

// configureBoot replaces the boot list in one visit to the configuration.
func (d *Device) configureBoot(ctx context.Context, lines []string) error {
	commands := []string{"configure terminal", "no boot system"}
	for _, l := range lines {
		commands = append(commands, "boot system "+l)
	}
	var failed error
	for _, c := range append(commands, "end") {
		if failed != nil && c != "end" {
			continue
		}
		text, err := d.show(ctx, c)
		if err != nil && !errors.Is(err, term.ErrRefused) {
			return err // the session is over
		}
		if err == nil {
			err = show.ParseDelete(text) // an error that it prints
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// Save keeps the running configuration.
func (d *Device) Save(ctx context.Context, other bool) error {
	out, err := d.Run(ctx, term.Command{Text: "write memory", Idle: d.cfg.CopyIdle, Answer: func(q term.Query) (term.Answer, error) {
		if q.Name == "nvram" && other {
			return term.Yes(), nil
		}
		return term.Answer{}, errors.New("nobody has said that there is a copy of what would be overwritten")
	}})
	if err != nil {
		return err
	}
	return show.ParseSaved(out.All())
}

// Schedule has the device reload in a while, in whole minutes.
func (d *Device) Schedule(ctx context.Context, in time.Duration) error {
	const least, most = time.Minute, 24 * 24 * time.Hour
	if in < least || in > most {
		return fmt.Errorf("%w: it reloads in %v to %v", device.ErrLacks, least, most)
	}
	_, err := d.Run(ctx, term.Command{Text: fmt.Sprintf("reload in %d", int(in/time.Minute)), Answer: func(q term.Query) (term.Answer, error) {
		switch q.Name {
		case "save":
			return term.No(), nil
		case "reload":
			return term.Yes(), nil
		}
		return term.Answer{}, errors.New("reload does not expect it")
	}})
	if err != nil {
		return err
	}
	when, err := ask(ctx, d, false, show.ParseReload, "show reload")
	if err == nil && when == "" {
		err = fmt.Errorf("%w: no reload is scheduled", device.ErrOther)
	}
	return err
}

// Cancel cancels a reload that was scheduled.
func (d *Device) Cancel(ctx context.Context) error {
	if _, err := d.show(ctx, "reload cancel"); err != nil {
		return err
	}
	when, err := ask(ctx, d, false, show.ParseReload, "show reload")
	if err == nil && when != "" {
		err = fmt.Errorf("%w: it is still going to reload %s", device.ErrOther, when)
	}
	return err
}

// Reload reboots, and returns when the device has gone. A configuration that was changed
// and not saved stops it, unless o says what becomes of the changes.
func (d *Device) Reload(ctx context.Context, o device.Reload) error {
	if _, err := d.identity(ctx); err != nil {
		return err
	}
	modified := false
	d.left = time.Now()
	out, err := d.work(ctx, "reload", true, func(q term.Query) (term.Answer, error) {
		switch {
		case q.Name == "save" && o.Unsaved == "save":
			return term.Yes(), nil
		case q.Name == "save":
			modified = o.Unsaved != "discard"
			return term.No(), nil
		case q.Name == "reload" && modified:
			return term.No(), nil
		case q.Name == "reload":
			d.left = time.Now()
			return term.Yes(), nil
		}
		return term.Answer{}, errors.New("reload does not expect it")
	})
	switch {
	case err != nil:
		return err
	case modified:
		return device.ErrModified
	case !out.Gone:
		return d.depart(ctx)
	}
	return d.Close()
}

// depart waits until a device that is going to reload has gone: until then it answers as
// what it was.
func (d *Device) depart(ctx context.Context) error {
	const patience = 5 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := d.s.Gone(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: it has not gone within %v", device.ErrBooted, patience)
	}
	return errors.Join(err, d.Close())
}

// Return waits until the device is back, and sees that it has booted, and what.
func (d *Device) Return(ctx context.Context, want string) (device.Facts, error) {
	if d.left.IsZero() {
		return device.Facts{}, fmt.Errorf("%w: it was not told to", device.ErrBooted)
	}
	before := d.version
	if err := d.Close(); err != nil {
		return device.Facts{}, err
	}
	f, err := d.comeback(ctx)
	if err != nil {
		return f, err
	}
	const slack = 2 * time.Minute // uptimes are in minutes, and clocks differ
	since := time.Since(d.left)
	if up := time.Duration(f.Uptime); up > since+slack || f.Restarted != "" && f.Restarted == before.Restarted && up > slack {
		return f, fmt.Errorf("%w: it is up for %v, and was told to reload %v ago", device.ErrBooted, up, since.Round(time.Second))
	}
	if want != "" && !device.ParseRelease(f.Release).Same(device.ParseRelease(want)) {
		return f, fmt.Errorf("%w: %s, from %s; want %s", device.ErrOther, f.Release, f.Image, want)
	}
	return f, nil
}

// comeback tries to log in until it works.
func (d *Device) comeback(ctx context.Context) (device.Facts, error) {
	end := time.Now().Add(d.cfg.ReturnWait)
	const first = 16 // what is back soon is found soon
	for wait := d.cfg.Retry / first; ; wait = min(2*wait, d.cfg.Retry) {
		f, err := d.attempt(ctx, time.Until(end))
		switch {
		case err == nil:
			return f, nil
		case ctx.Err() != nil:
			return f, ctx.Err()
		case errors.Is(err, term.ErrLogin), errors.Is(err, term.ErrMode), errors.Is(err, term.ErrQuestion):
			return f, fmt.Errorf("%w as it was: %w", device.ErrBack, err)
		case !time.Now().Add(wait).Before(end):
			return f, fmt.Errorf("%w within %v; the last attempt to reach it: %w", device.ErrBack, d.cfg.ReturnWait, err)
		}
		if err := d.Close(); err != nil {
			return f, err
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return f, ctx.Err()
		}
	}
}

// attempt tries once, for so long.
func (d *Device) attempt(ctx context.Context, long time.Duration) (f device.Facts, err error) {
	ctx, cancel := context.WithCancel(ctx) // a deadline would end the connection later
	t := time.AfterFunc(long, cancel)
	defer t.Stop()
	if err = d.connect(ctx); err == nil {
		f, err = d.identity(ctx)
	}
	if err != nil {
		cancel()
		return f, err
	}
	end := d.end
	d.end = func() { end(); cancel() }
	return f, nil
}
