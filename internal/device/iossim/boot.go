package iossim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/tty"
)

// phase begins a state, and ends what belongs to the one before. The caller holds the lock.
func (d *Device) phase(s state) {
	d.kill()
	d.state = s
	d.life, d.kill = context.WithCancel(d.base)
	d.server = nil // it ends with the life
}

// goDown reloads, and leaves the boot to a goroutine that Close waits for. It returns
// false if the device is down already.
func (d *Device) goDown(reason string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up || d.base.Err() != nil {
		return false
	}
	old := boot.Boot{Image: d.image, Version: d.version, Installed: d.packaged}
	d.phase(booting)
	d.reason = reason
	d.cancelReload()
	d.wg.Go(func() { d.reboot(old) })
	return true
}

// reboot takes as long as a device does, and says what it does on the console.
func (d *Device) reboot(old boot.Boot) {
	if d.set.Faults.NeverBack {
		<-d.base.Done()
		return
	}
	d.mu.Lock()
	startup, next := d.startup, d.next
	d.mu.Unlock()
	const steps = 10
	step := d.model.BootTime / steps
	d.console("\n\n" + d.model.Bootstrap + "\nSimulated by dray\n\n")
	for _, l := range d.model.BootLog {
		if d.pause(d.base, step/2) != nil {
			return
		}
		d.console(l + "\n")
	}
	b, said, ok := boot.Choose(d.sys(), startup, next)
	if _, err := boot.Try(d.sys(), old.Image); d.set.Faults.BootOld && err == nil {
		b, said, ok = old, boot.Loading(d.model, old.Image), true
	}
	d.console(said)
	if !ok {
		d.mu.Lock()
		d.phase(rommon)
		d.mu.Unlock()
		return
	}
	d.finish(b)
}

// finish starts the system that was loaded.
func (d *Device) finish(b boot.Boot) {
	d.console("              Restricted Rights Legend\n\nThis is a simulation: it may be used, copied and disclosed as dray itself.\n\n")
	if d.pause(d.base, d.model.BootTime/2) != nil {
		return
	}
	d.console(fmt.Sprintf("%s, Version %s\n%s processor with %s of memory.\n", d.model.Software, b.Version, d.model.Product, d.model.Memory))
	d.start(b)
	d.Message("%%SYS-5-RESTART: System restarted --")
}

// monitorROM is the boot loader: all there is when nothing boots.
func (s *session) monitorROM() error {
	s.Idle = 0
	for n := 1; ; n++ {
		prompt := fmt.Sprintf("rommon %d > ", n)
		if s.d.model.Switch {
			prompt = "switch: "
		}
		text, err := s.Ask(prompt)
		if errors.Is(err, tty.ErrAbort) {
			continue
		}
		if err != nil {
			return err
		}
		words := strings.Fields(text + " ")
		if len(words) == 0 {
			continue
		}
		if s.rommonCommand(words) {
			<-s.Context().Done()
			return s.Context().Err()
		}
	}
}

// rommonCommand runs a command of the boot loader; true means that the device boots.
func (s *session) rommonCommand(words []string) bool {
	d := s.d
	arg := strings.Join(words[1:], " ")
	switch words[0] {
	case "?", "help":
		s.Print("boot                boot up an external process\nconfreg             configuration register utility\ndir                 list files in file system\nreset               system reset\nset                 display the monitor variables\n")
	case "dir":
		p, err := d.sys().Find(or(arg, d.model.Storage))
		if err != nil || p.FS == nil {
			s.Print("dir: bad device name\n")
			return false
		}
		for _, f := range p.FS.Files() {
			s.Printf("%10d  -rw-  %s\n", f.Content.Size(), f.Name)
		}
	case "set":
		d.mu.Lock()
		startup := d.startup
		d.mu.Unlock()
		s.Printf("BOOT=%s\n", strings.Join(boot.List(d.model, startup), ";"))
	case "confreg":
		n := boot.Register(arg)
		if n == 0 {
			s.Print("usage: confreg 0xVALUE\n")
			return false
		}
		d.mu.Lock()
		d.next = fmt.Sprintf("0x%X", n)
		d.mu.Unlock()
		s.Print("\nYou must reset or power cycle for new config to take effect\n")
	case "reset", "boot":
		return s.bootFromROM(words[0] == "boot" && arg != "", arg)
	default:
		s.Printf("monitor: command \"%s\" not found\n", words[0])
	}
	return false
}

// bootFromROM boots a file, or what the list says.
func (s *session) bootFromROM(named bool, name string) bool {
	d := s.d
	d.mu.Lock()
	startup, next := d.startup, d.next
	d.mu.Unlock()
	var b boot.Boot
	var said string
	ok := true
	if named {
		var err error
		if b, err = boot.Try(d.sys(), name); err != nil {
			said, ok = boot.NotLoading(d.model, name, err), false
		} else {
			said = boot.Loading(d.model, b.Image)
		}
	} else {
		b, said, ok = boot.Choose(d.sys(), startup, next)
	}
	s.Print(said)
	if !ok {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != rommon || d.base.Err() != nil {
		return false
	}
	d.phase(booting)
	d.wg.Go(func() { d.finish(b) })
	return true
}

// bootWait is how long a device goes on answering after it was told to restart.
const bootWait = 10 * time.Second
