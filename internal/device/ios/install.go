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

// installs sees that the device is in install mode.
func (d *Device) installs(ctx context.Context) error {
	f, err := d.identity(ctx)
	if err == nil && f.Mode != "install" {
		err = fmt.Errorf("%w: it runs %s, not packages", device.ErrLacks, f.Image)
	}
	return err
}

// install gives a command of install, and reads what came of it.
func (d *Device) install(ctx context.Context, command string, leaves bool, answer term.Answerer) (version string, err error) {
	out, err := d.work(ctx, command, leaves, answer)
	if err != nil {
		return "", err
	}
	version, err = show.ParseInstalled(out.All())
	var cut *show.ParseError
	if leaves && out.Gone && errors.As(err, &cut) { // it went before it had said all
		err = nil
	}
	return version, err
}

// Add unpacks an image.
func (d *Device) Add(ctx context.Context, file string) (string, error) {
	p, err := parsePath(file)
	if err != nil {
		return "", err
	}
	if err := d.installs(ctx); err != nil {
		return "", err
	}
	return d.install(ctx, "install add file "+p.String(), false, nil)
}

// Activate has what was added boot.
func (d *Device) Activate(ctx context.Context, rollback time.Duration) error {
	if err := d.installs(ctx); err != nil {
		return err
	}
	summary, err := ask(ctx, d, false, show.ParseInstall, "show install summary")
	switch {
	case err != nil:
		return err
	case summary.Pending(), len(summary.In("U")) > 0:
		return fmt.Errorf("%w: %s is activated and not committed", device.ErrGuarded, strings.Join(summary.In("U"), ", "))
	case len(summary.In("I")) == 0:
		return fmt.Errorf("%w: nothing was added", show.ErrNotFound)
	}
	command := "install activate"
	if rollback > 0 {
		command += fmt.Sprintf(" auto-abort-timer %d", int(rollback/time.Minute))
	}
	return d.reloads(ctx, command)
}

// Rollback goes back to what is committed.
func (d *Device) Rollback(ctx context.Context) error {
	if err := d.installs(ctx); err != nil {
		return err
	}
	return d.reloads(ctx, "install rollback to committed")
}

// reloads gives a command of install after which the device reloads, and waits until it
// has gone.
func (d *Device) reloads(ctx context.Context, command string) error {
	modified := false
	d.left = time.Now()
	_, err := d.install(ctx, command, true, func(q term.Query) (term.Answer, error) {
		switch q.Name {
		case "install-save":
			modified = true
			return term.Say("q"), nil
		case "install-reload":
			d.left = time.Now()
			return term.Yes(), nil
		case "install-boot":
			if plain(q.Bracket) == "packages.conf" && plain(d.version.Image) == "packages.conf" {
				return term.Yes(), nil
			}
			return term.No(), nil
		}
		return term.Answer{}, errors.New("install does not expect it")
	})
	switch {
	case modified, errors.Is(err, show.ErrUnsaved):
		return device.ErrModified
	case err != nil:
		return err
	}
	return d.depart(ctx)
}

// Commit keeps what was activated.
func (d *Device) Commit(ctx context.Context) error {
	if err := d.installs(ctx); err != nil {
		return err
	}
	if _, err := d.install(ctx, "install commit", false, nil); err != nil {
		return err
	}
	summary, err := ask(ctx, d, false, show.ParseInstall, "show install summary")
	if err == nil && (summary.Pending() || len(summary.In("U")) > 0) {
		err = fmt.Errorf("%w: it is not committed on all members", device.ErrOther)
	}
	return err
}

// Clean removes what does not run.
func (d *Device) Clean(ctx context.Context, keep ...string) (gone []string, err error) {
	if err := d.installs(ctx); err != nil {
		return nil, err
	}
	var refused error
	_, err = d.install(ctx, "install remove inactive", false, func(q term.Query) (term.Answer, error) {
		if q.Name != "install-remove" {
			return term.Answer{}, errors.New("install does not expect it")
		}
		gone = removable(q.Said.Text())
		for _, name := range gone {
			if plain(name) == plain(d.version.Image) || strings.HasSuffix(name, "/packages.conf") || slices.ContainsFunc(keep, func(k string) bool { return strings.HasSuffix(name, "/"+plain(k)) }) {
				refused = fmt.Errorf("%w: it would remove %s", device.ErrGuarded, name)
				return term.No(), nil
			}
		}
		return term.Yes(), nil
	})
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, err
	}
	return gone, nil
}

// removable are the files in the list that "install remove inactive" shows.
func removable(text string) (files []string) {
	_, list, _ := strings.Cut(text, "The following files will be deleted:\n")
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
			files = append(files, line)
		}
	}
	return files
}
