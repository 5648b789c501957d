package iossim

import (
	"context"
	"io"
	"strconv"
	"time"

	"dray/internal/device/iossim/install"
	"dray/internal/device/iossim/pause"
)

// installer is somebody who installs at this terminal.
func (s *session) installer() *install.Operator {
	return &install.Operator{Terminal: s.Terminal, Device: desk{s}, State: &s.d.install, System: s.sys(), Speed: pause.Speed(s.d.set.Speed)}
}

// installing is a command of install.
func installing(w install.Options) execFunc {
	return func(s *session, a args, _ io.Writer) error {
		o := w
		o.File = a["file"]
		o.Minutes, _ = strconv.Atoi(a["minutes"])
		return s.installer().Run(o)
	}
}

func showInstall(s *session, _ args, w io.Writer) error {
	s.d.install.Summary(w, s.sys())
	return nil
}

func (k desk) Version() string {
	k.s.d.mu.Lock()
	defer k.s.d.mu.Unlock()
	return k.s.d.version
}

func (k desk) Image() string {
	k.s.d.mu.Lock()
	defer k.s.d.mu.Unlock()
	return k.s.d.image
}

func (k desk) Modified() bool                     { return k.s.d.modified() }
func (k desk) Message(format string, args ...any) { k.s.d.Message(format, args...) }
func (k desk) Restart()                           { k.s.d.restart("Install") }

func (k desk) Later(in time.Duration, f func()) (stop func()) { return k.s.d.later(in, f) }

// later calls f after a time, unless the device ends or stop is called before.
func (d *Device) later(in time.Duration, f func()) (stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithCancel(d.base)
	if d.base.Err() != nil {
		return cancel
	}
	d.wg.Go(func() {
		if pause.For(ctx, in) == nil {
			f()
		}
	})
	return cancel
}

// restart goes down some seconds later, in which the device goes on answering.
func (d *Device) restart(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up || d.base.Err() != nil {
		return
	}
	life := d.life
	d.wg.Go(func() {
		if d.pause(life, bootWait) != nil {
			return
		}
		d.Message("%%PMAN-5-EXITACTION: R0/0: pvp: Process manager is exiting: reload action requested")
		d.goDown(reason)
	})
}
