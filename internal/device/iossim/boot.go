package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/tty"
)

// boot is something that boots.
type boot struct {
	image     string // such as "flash0:x.bin"
	version   string
	installed bool // from packages
}

// ignoresStartup reports whether a register makes the device forget its configuration.
func ignoresStartup(register string) bool { return registerBits(register)&0x40 != 0 }

func registerBits(register string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(register), "0x"), 16, 16)
	return n
}

// bootList are the files that a startup-config wants to boot, the first first.
func (d *Device) bootList(startup string) (all []string) {
	var c conf.Config
	for l := range strings.Lines(startup) {
		if strings.HasPrefix(l, "boot system ") {
			c.Add(strings.TrimSpace(l))
		}
	}
	for _, rest := range c.All("boot system") {
		words := strings.Fields(strings.TrimPrefix(rest, "switch all "))
		name := words[len(words)-1]
		if !strings.Contains(name, ":") {
			name = d.model.Storage + name
		}
		all = append(all, strings.Split(name, ";")...) // a switch has several in one line
	}
	return all
}

// choose finds what boots: the first of the boot list that is whole and for this platform,
// else the first image on the flash. What it says on the way is returned too.
func (d *Device) choose(startup string) (boot, string, bool) {
	var said strings.Builder
	d.mu.Lock()
	register := d.next
	d.mu.Unlock()
	if low := registerBits(register) & 0xf; low == 0 {
		return boot{}, "", false
	}
	list := d.bootList(startup)
	if first := d.firstImage(); first != "" && !slices.Contains(list, first) {
		list = append(list, first)
	}
	for _, name := range list {
		b, err := d.try(name)
		if err == nil {
			said.WriteString(d.loading(b.image))
			return b, said.String(), true
		}
		said.WriteString(d.notLoading(name, err))
	}
	return boot{}, said.String(), false
}

// firstImage is the first file of the flash that looks like one.
func (d *Device) firstImage() string {
	for _, f := range d.flash[0].Files(false) {
		if f.Name == packagesConf || path.Ext(f.Name) == ".bin" {
			return d.model.Storage + f.Name
		}
	}
	return ""
}

var errPlatform = errors.New("image for another platform")

// try looks whether a file boots.
func (d *Device) try(name string) (boot, error) {
	p, err := d.sys().Find(name)
	if err != nil {
		return boot{}, fmt.Errorf("iossim: %w", err)
	}
	if p.FS == nil {
		return boot{}, fmt.Errorf("iossim: %s: %w", name, errors.ErrUnsupported)
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		return boot{}, err
	}
	if f.Name == packagesConf && d.model.Install {
		version, err := d.provisioned(p.FS, f)
		return boot{p.Prefix + f.Name, version, true}, err
	}
	h, err := d.whole(f.Content)
	return boot{image: p.Prefix + f.Name, version: h.Version}, err
}

// whole checks an image. One that was made here is whole.
func (d *Device) whole(c flash.Content) (h image.Header, err error) {
	if i, ok := c.(*image.Image); ok {
		h = i.Header()
	} else if h, err = image.Check(io.NewSectionReader(c, 0, c.Size())); err != nil {
		return h, err
	}
	if h.Platform != d.model.Name {
		return h, errPlatform
	}
	return h, nil
}

func (d *Device) loading(name string) string {
	switch {
	case d.model.XE && strings.HasSuffix(name, packagesConf):
		return "boot: attempting to boot from [" + name + "]\nboot: reading file " + packagesConf + "\n" + strings.Repeat("#", 70) + "\n\nImage passed digital signature verification\n\n"
	case d.model.XE:
		return "boot: attempting to boot from [" + name + "]\n" + strings.Repeat("#", 70) + "\n\nPackage header rev 3 structure detected\nImage validated\n\n"
	case d.model.Switch:
		return "Loading \"" + slashed(name) + "\"..." + strings.Repeat("@", 60) + "\nFile \"" + slashed(name) + "\" uncompressed and installed, entry point: 0x3000\nexecuting...\n\n"
	}
	return "program load complete, entry point: 0x80803000, size: 0x1b340\nloading " + name + "\nSelf decompressing the image : " + strings.Repeat("#", 60) + " [OK]\n\n"
}

// slashed is a name with a slash behind the colon.
func slashed(name string) string { return strings.Replace(name, ":", ":/", 1) }

func (d *Device) notLoading(name string, err error) string {
	reason := "file not found"
	switch {
	case errors.Is(err, image.ErrDamaged):
		reason = "image checksum is incorrect"
	case errors.Is(err, image.ErrForeign):
		reason = "bad magic number, not an executable"
	case errors.Is(err, errPlatform):
		reason = "image is not for this platform"
	}
	if d.model.Switch && !d.model.XE {
		return "Loading \"" + slashed(name) + "\"...\n" + slashed(name) + ": " + reason + "\n\nError loading \"" + slashed(name) + "\"\n\n"
	}
	return "boot: cannot load \"" + name + "\": " + reason + "\n\n"
}

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
	old := boot{d.image, d.version, d.install.active}
	d.phase(booting)
	d.reason = reason
	d.cancelReload()
	d.wg.Go(func() { d.reboot(old) })
	return true
}

// reboot takes as long as a device does, and says what it does on the console.
func (d *Device) reboot(old boot) {
	if d.set.Faults.NeverBack {
		<-d.base.Done()
		return
	}
	d.mu.Lock()
	startup := d.startup
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
	b, said, ok := d.choose(startup)
	if _, err := d.try(old.image); d.set.Faults.BootOld && err == nil {
		b, said, ok = old, d.loading(old.image), true
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
func (d *Device) finish(b boot) {
	d.console("              Restricted Rights Legend\n\nThis is a simulation: it may be used, copied and disclosed as dray itself.\n\n")
	if d.pause(d.base, d.model.BootTime/2) != nil {
		return
	}
	d.console(fmt.Sprintf("%s, Version %s\n%s processor with %s of memory.\n", d.model.Software, b.version, d.model.Product, d.model.Memory))
	d.start(b)
	d.message("%%SYS-5-RESTART: System restarted --")
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
		for _, f := range p.FS.Files(false) {
			s.Printf("%10d  -rw-  %s\n", f.Content.Size(), f.Name)
		}
	case "set":
		d.mu.Lock()
		startup := d.startup
		d.mu.Unlock()
		s.Printf("BOOT=%s\n", strings.Join(d.bootList(startup), ";"))
	case "confreg":
		n := registerBits(arg)
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
	startup := d.startup
	d.mu.Unlock()
	var b boot
	var said string
	ok := true
	if named {
		var err error
		if b, err = d.try(name); err != nil {
			said, ok = d.notLoading(name, err), false
		} else {
			said = d.loading(b.image)
		}
	} else {
		b, said, ok = d.choose(startup)
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

// showBoot is "show boot" of switches.
func showBoot(s *session, _ args, w io.Writer) error {
	d := s.d
	c := d.config()
	manual := "no"
	if _, ok := c.Get("boot manual"); ok {
		manual = "yes"
	}
	if !d.model.Install {
		list := d.bootList(c.String())
		for i := range list {
			list[i] = slashed(list[i])
		}
		fmt.Fprintf(w, "BOOT path-list      : %s\nConfig file         : flash:/config.text\nPrivate Config file : flash:/private-config.text\nEnable Break        : no\nManual Boot         : %s\nHELPER path-list    : \nAuto upgrade        : yes\n", strings.ReplaceAll(strings.Join(list, ";"), "://", ":/"), manual)
		return nil
	}
	d.mu.Lock()
	saved := d.startup
	d.mu.Unlock()
	fmt.Fprintf(w, "---------------------------\nSwitch 1\n---------------------------\nCurrent Boot Variables:\n%s\n\nBoot Variables on next reload:\n%s\nManual Boot = %s\nEnable Break = no\nBoot Mode = DEVICE\niPXE Timeout = 0\n",
		variable(d.bootList(saved)), variable(d.bootList(c.String())), manual)
	return nil
}

func variable(list []string) string {
	if len(list) == 0 {
		return "BOOT variable does not exist"
	}
	return "BOOT variable = " + strings.Join(list, ";") + ";"
}

// showBootvar is the same of routers; what counts is what was saved.
func showBootvar(s *session, _ args, w io.Writer) error {
	d := s.d
	d.mu.Lock()
	list, register, next := d.bootList(d.startup), d.register, d.next
	d.mu.Unlock()
	for i := range list {
		list[i] += ",1"
	}
	text := "BOOT variable does not exist"
	if len(list) > 0 {
		text = "BOOT variable = " + strings.Join(list, ";")
		if d.model.XE {
			text += ";"
		}
	}
	if register != next {
		register += " (will be " + next + " at next reload)"
	}
	fmt.Fprintf(w, "%s\nCONFIG_FILE variable =\nBOOTLDR variable does not exist\nConfiguration register is %s\n\nStandby not ready to show bootvar\n\n", text, register)
	return nil
}

// bootWait is how long a device goes on answering after it was told to restart.
const bootWait = 10 * time.Second
