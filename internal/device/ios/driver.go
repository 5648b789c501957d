// Package ios drives devices with IOS and IOS XE at their prompt. It asks, acts and asks
// again: what a device prints about an act is never taken for its result.
//
// It never answers a question for which the command that it has given does not account, and
// never agrees to erase, format or squeeze; it deletes no file that the device needs to boot,
// and reloads nothing whose configuration was not saved unless it was told to.
package ios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"dray/internal/device"
	"dray/internal/device/ios/show"
	"dray/internal/device/term"
)

// Config is how to reach a device, and how long to wait for it.
type Config struct {
	// Dial connects. It is called again after a reload.
	Dial func(ctx context.Context) (io.ReadWriteCloser, error)
	Term term.Config

	CopyIdle   time.Duration // how long a copy may make no progress; 0 is two minutes
	CopyTotal  time.Duration // how long it may take; 0 is six hours
	ReturnWait time.Duration // how long a device may stay away; 0 is half an hour
	Retry      time.Duration // longest time between attempts to reach it; 0 is five seconds

	// Progress is called with each line that a device shows while it copies or installs.
	// Nil calls nothing.
	Progress func(line string)
}

// Device is a device that one works at. Make it with [Open].
type Device struct {
	cfg Config
	s   *term.Session
	end context.CancelFunc // of the connection

	version show.Version // as it was asked for last
	left    time.Time    // when it was told to reload
}

var _ device.Driver = (*Device)(nil)

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		at    *time.Duration
		usual time.Duration
	}{{&c.CopyIdle, 2 * time.Minute}, {&c.CopyTotal, 6 * time.Hour}, {&c.ReturnWait, 30 * time.Minute}, {&c.Retry, 5 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.usual
		}
	}
	return c
}

// Open connects, and logs in.
func Open(ctx context.Context, cfg Config) (*Device, error) {
	d := &Device{cfg: cfg.withDefaults()}
	return d, d.connect(ctx)
}

func (d *Device) connect(ctx context.Context) error {
	ctx, d.end = context.WithCancel(ctx) // which ends the connection, also later
	conn, err := d.cfg.Dial(ctx)
	if err == nil {
		d.s, err = term.Open(ctx, conn, d.cfg.Term)
	}
	if err != nil {
		d.end()
	}
	return err
}

// Close hangs up.
func (d *Device) Close() error {
	if d.s == nil {
		return nil
	}
	err := d.s.Close()
	d.end()
	d.s = nil
	return err
}

// Run gives any command, and returns what came of it. Where the command says that the device
// may hang up and it does, the session is closed, and [Device.Return] waits for it.
func (d *Device) Run(ctx context.Context, c term.Command) (term.Output, error) {
	if d.s == nil {
		return term.Output{}, term.ErrOver
	}
	if c.Leaves {
		d.left = time.Now()
	}
	out, err := d.s.Run(ctx, c)
	if err == nil && out.Gone {
		err = d.Close()
	}
	return out, err
}

// Follow is Run with each line handed to show as it comes.
func (d *Device) Follow(ctx context.Context, c term.Command, show func(line string)) (term.Output, error) {
	if d.s == nil {
		return term.Output{}, term.ErrOver
	}
	s := d.s
	s.Notify(show)
	defer s.Notify(nil)
	return d.Run(ctx, c)
}

// Prompt is the device's prompt, "" if nobody is logged in.
func (d *Device) Prompt() string {
	if d.s == nil {
		return ""
	}
	return d.s.Prompt()
}

// Host is what the device calls itself in its prompt.
func (d *Device) Host() string {
	if d.s == nil {
		return ""
	}
	return d.s.Host()
}

// show gives a command that asks nothing.
func (d *Device) show(ctx context.Context, command string) (string, error) {
	out, err := d.Run(ctx, term.Command{Text: command})
	return out.Text(), err
}

// ask gives a command and has its output parsed. A command that the device does not know is
// no error where it is optional.
func ask[T any](ctx context.Context, d *Device, optional bool, parse func(string) (T, error), commands ...string) (v T, err error) {
	for _, command := range commands {
		var text string
		if text, err = d.show(ctx, command); err == nil {
			return parse(text)
		}
		if !errors.Is(err, term.ErrRefused) {
			return v, err
		}
	}
	if optional {
		err = nil
	}
	return v, err
}

// work gives a command that takes long.
func (d *Device) work(ctx context.Context, command string, leaves bool, answer term.Answerer) (term.Output, error) {
	return d.long(ctx, term.Command{Text: command, Answer: answer, Leaves: leaves})
}

// long gives a command with the limits of those that take long.
func (d *Device) long(ctx context.Context, c term.Command) (term.Output, error) {
	if d.s == nil {
		return term.Output{}, term.ErrOver
	}
	d.s.Notify(d.cfg.Progress)
	defer d.s.Notify(nil)
	c.Idle, c.Total = d.cfg.CopyIdle, d.cfg.CopyTotal
	return d.s.Run(ctx, c)
}

// location is a file of a device: "flash:/x" and "flash:x" are the same.
type location struct{ fs, name string }

func parsePath(text string) (location, error) {
	fs, name, ok := strings.Cut(text, ":")
	name = strings.TrimLeft(name, "/")
	if !ok || fs == "" || name == "" || strings.ContainsAny(text, " \t\r\n*?|;\"'") || strings.Contains(fs, "/") || strings.Contains("/"+name+"/", "/../") {
		return location{}, fmt.Errorf("%q names no file of a device, such as flash:image.bin", text)
	}
	return location{fs + ":", name}, nil
}

func (p location) String() string { return p.fs + p.name }

// is reports whether a text that a device shows means this file.
func (p location) is(text string) bool {
	o, err := parsePath(text)
	return err == nil && o == p
}

// dir is the folder that the file is in.
func (p location) dir() string {
	if i := strings.LastIndexByte(p.name, '/'); i >= 0 {
		return p.fs + p.name[:i]
	}
	return p.fs
}

func (p location) base() string { return p.name[strings.LastIndexByte(p.name, '/')+1:] }
