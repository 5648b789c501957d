package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/copying"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/install"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/pause"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/secret"
	"dray/internal/device/iossim/show"
)

// Settings is what a device is when it comes out of its box.
type Settings struct {
	Model     model.Model
	Version   string       // of the image that it runs; "" is that of the model
	Hostname  string       // "" is Router or Switch
	Address   netip.Addr   // of its first interface; the zero value leaves it without
	User      string       // who may log in, with privilege 15; "" for nobody
	Password  string       // of User
	Enable    string       // secret; "" for none
	FlashSize int64        // in octets; 0 is that of the model
	Class     *flash.Class // of the flash; nil is that of the model
	Files     []boot.File  // on the flash, besides the image that it runs
	Lines     []string     // configuration commands that its startup-config has on top

	// Speed is how much faster than a real device it boots, erases and installs; 0
	// means 1.
	Speed float64

	Transfers place.Transfers // over the network; nil refuses every copy
	Faults    Faults
}

// Faults are what may go wrong with a device itself. The zero value is none.
type Faults struct {
	RefuseLogin bool   // every password is wrong
	Hang        string // a text; once a question that contains it was asked, that terminal is silent
	NeverBack   bool   // after a reload the device stays away
	BootOld     bool   // after a reload it boots the image that it ran before
	FullFlash   bool   // something has taken all space but 4 KiB
	LogAtPrompt bool   // a log message comes in the middle of each [confirm]
}

// state is whether one can work on a device.
type state uint8

const (
	up state = iota
	booting
	rommon
)

// Device is a simulated device. Make it with [New]; Close ends it. Its methods may be
// called by several goroutines.
type Device struct {
	set   Settings
	model model.Model
	exec  *cli.Grammar[execFunc]
	modes map[string]*cli.Grammar[configure.Func]
	flash []*flash.FS // one a member

	base context.Context // until Close
	end  context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	state    state
	life     context.Context // until the next reload
	kill     context.CancelFunc
	running  *conf.Config
	startup  string // "" after an erase
	changed  string // who changed the configuration last, and when; "" for nobody since boot
	saved    string // the same of startup-config
	savedBy  string // the version that has written it; "" for nobody
	booted   time.Time
	fresh    bool          // it has no configuration, and nobody has said what to do
	skew     time.Duration // of its clock
	clockSet bool
	image    string // that runs, such as "flash0:c2900….bin"
	version  string
	reason   string // why it booted
	register string
	next     string // register at the next boot
	log      []string
	screens  []*session
	vtys     map[int]*session
	reload   *schedule
	copies   copying.Memory
	archived []archived         // what archive keeps, the oldest first
	archives int                // how many it has made
	server   context.CancelFunc // of the files that tftp-server names; nil when it does not run
	packaged bool               // packages run
	install  install.State
}

// New makes a device that has booted.
func New(s Settings) (*Device, error) {
	m := s.Model
	if m.Name == "" {
		return nil, errors.New("iossim: a device needs a model")
	}
	if s.Version == "" {
		s.Version = m.Version
	}
	if s.Hostname == "" {
		s.Hostname = "Router"
		if m.Switch {
			s.Hostname = "Switch"
		}
	}
	if s.FlashSize > 0 {
		m.Capacity = s.FlashSize
	}
	if s.Class != nil {
		m.Class = *s.Class
	}
	d := &Device{
		set: s, model: m, register: m.Register, next: m.Register, reason: "power-on", booted: time.Now(),
		running: new(conf.Config), vtys: make(map[int]*session),
	}
	d.exec, d.modes = grammars(m)
	if err := d.fill(); err != nil {
		return nil, err
	}
	d.base, d.end = context.WithCancel(context.Background())
	d.life, d.kill = context.WithCancel(d.base)
	d.factory()
	b, _, ok := boot.Choose(d.sys(), d.startup, d.next)
	if !ok {
		d.end()
		return nil, errors.New("iossim: nothing on the flash boots")
	}
	d.start(b)
	return d, nil
}

// fill puts files on the flash.
func (d *Device) fill() error {
	made := time.Date(2019, time.March, 1, 10, 12, 41, 0, time.UTC)
	for member := range d.model.Members {
		fs := flash.New(d.model.Class, d.model.Capacity)
		d.flash = append(d.flash, fs)
		files, err := d.shipped()
		if err != nil {
			return err
		}
		if member == 0 {
			files = append(files, d.set.Files...)
		}
		for _, f := range files {
			if err := fs.Put(f.Name, f.Content, made); err != nil {
				return fmt.Errorf("iossim: %s: %w", f.Name, err)
			}
		}
		if free := fs.Free(); d.set.Faults.FullFlash && free > 4096 {
			if err := fs.Put("crashinfo_RP_00_00", zeros(free-4096), made); err != nil {
				return fmt.Errorf("iossim: %w", err)
			}
		}
	}
	return nil
}

// zeros is a file of so many octets that are all 0.
type zeros int64

func (z zeros) Size() int64 { return int64(z) }

func (z zeros) ReadAt(b []byte, at int64) (n int, err error) {
	if left := int64(z) - at; int64(len(b)) > left {
		b, err = b[:max(left, 0)], io.EOF
	}
	clear(b)
	return len(b), err
}

// shipped are the files that run.
func (d *Device) shipped() ([]boot.File, error) {
	h := image.Header{Platform: d.model.Name, Version: d.set.Version, Size: d.model.Size}
	if d.model.Capacity <= h.Size {
		h.Size = d.model.Capacity / 2
	}
	if !d.model.Install {
		i, err := image.New(h)
		return []boot.File{{Name: d.model.FileName(h.Version), Content: i}}, err
	}
	files, err := boot.Packages(d.model, h)
	if err != nil {
		return nil, err
	}
	return append(files, boot.File{Name: boot.Conf, Content: boot.Provisioning(d.model, h.Version)}), nil
}

// factory writes the startup-config that the settings ask for.
func (d *Device) factory() {
	c := d.configurer(new(conf.Config))
	m := d.model
	lines := []string{"version " + release(m, d.set.Version), "service timestamps debug datetime msec", "service timestamps log datetime msec",
		"hostname " + d.set.Hostname, "no ip domain lookup"}
	if d.set.Enable != "" {
		lines = append(lines, "enable secret "+d.set.Enable)
	}
	if d.set.User != "" {
		lines = append(lines, "username "+d.set.User+" privilege 15 secret "+d.set.Password)
	}
	if m.Install {
		lines = append(lines, "boot system switch all flash:packages.conf")
	}
	first := true
	for _, name := range m.Interfaces {
		lines = append(lines, "interface "+name)
		virtual := strings.HasPrefix(name, "Vlan") || strings.HasPrefix(name, "Embedded")
		switch {
		case first && d.set.Address.Is4() && !strings.HasPrefix(name, "Embedded"):
			first = false
			lines = append(lines, "ip address "+d.set.Address.String()+" 255.255.255.0")
		case !m.Switch || virtual:
			lines = append(lines, "no ip address", "shutdown")
		}
	}
	lines = append(lines, "line con 0", "logging synchronous", "line vty 0 4")
	if d.set.User != "" {
		lines = append(lines, "login local", "transport input telnet ssh")
	}
	for _, l := range append(lines, d.set.Lines...) {
		c.Line(l)
	}
	d.startup, d.savedBy = c.Conf.String(), d.set.Version
}

// start takes what has booted into use.
func (d *Device) start(b boot.Boot) {
	c := d.configurer(new(conf.Config))
	text := d.startup
	if boot.IgnoresStartup(d.next) {
		text = ""
	}
	for l := range strings.Lines(text) {
		c.Line(strings.TrimRight(l, "\r\n"))
	}
	c.Line("end")
	if _, ok := c.Conf.Get("hostname"); !ok {
		c.Conf = blank(d.model)
	}
	c.Conf.Set("version", "version "+release(d.model, b.Version))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.phase(up)
	d.running, d.image, d.version = c.Conf, b.Image, b.Version
	d.register, d.booted, d.changed = d.next, time.Now(), ""
	d.packaged, d.fresh = b.Installed, d.startup == ""
	if b.Installed {
		d.install.Booted(b.Version)
	}
	d.serveFiles()
}

// blank is the configuration of a device without a startup-config.
func blank(m model.Model) *conf.Config {
	c := new(conf.Config)
	name := "Router"
	if m.Switch {
		name = "Switch"
	}
	c.Set("hostname", "hostname "+name)
	for _, i := range m.Interfaces {
		c.SetBelow("interface "+i, "ip address", "no ip address")
		if !m.Switch {
			c.SetBelow("interface "+i, "shutdown", "shutdown")
		}
	}
	c.Add("line con 0")
	c.SetBelow("line vty 0 4", "login", "login")
	return c
}

// Up reports whether the device answers on the network.
func (d *Device) Up() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state == up
}

// Life ends when the device goes down.
func (d *Device) Life() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.life
}

// Hostname returns what the device calls itself.
func (d *Device) Hostname() string {
	name, _ := d.get("hostname")
	return name
}

// Close ends everything that the device does, and waits for it.
func (d *Device) Close() {
	d.mu.Lock()
	d.end() // under the lock, so that nothing is started any more
	d.mu.Unlock()
	d.wg.Wait()
}

// configurer takes commands into c, or into the running-config if it is nil.
func (d *Device) configurer(c *conf.Config) *configure.Mode {
	return &configure.Mode{Device: d, System: d.sys(), Grammars: d.modes, Conf: c, Factory: c != nil}
}

// Edit is that of [configure.Device].
func (d *Device) Edit(who string, change func(*conf.Config)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d.running)
	d.changed = show.Stamp(d.clock())
	if name := strings.Fields(who + " "); len(name) > 0 && name[0] != "console" && !strings.HasPrefix(name[0], "vty") {
		d.changed += " by " + name[0]
	}
}

// SetRegister is that of [configure.Device].
func (d *Device) SetRegister(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = text
}

// ServeFiles is that of [configure.Device].
func (d *Device) ServeFiles() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serveFiles()
}

// sys is the file systems.
func (d *Device) sys() place.System { return place.System{Model: d.model, Flash: d.flash} }

// get returns what follows a key in the running-config.
func (d *Device) get(key string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running.Get(key)
}

// config returns a copy of the running-config.
func (d *Device) config() *conf.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running.Clone()
}

// now is the time on the device's own clock.
func (d *Device) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clock()
}

func (d *Device) clock() time.Time { return time.Now().Add(d.skew).UTC() }

// pause waits for what takes a real device so long.
func (d *Device) pause(ctx context.Context, long time.Duration) error {
	return pause.Speed(d.set.Speed).For(ctx, long)
}

// release is the version as a configuration has it: "15.7", "17.9".
func release(m model.Model, version string) string {
	if m.XE {
		parts := strings.SplitN(model.Short(version), ".", 3)
		return strings.Join(parts[:min(2, len(parts))], ".")
	}
	short, _, _ := strings.Cut(version, "(")
	return short
}

// Authenticate checks a password against the users of the configuration; the level is theirs.
func (d *Device) Authenticate(user, password string) (level int, ok bool) {
	c := d.config()
	if d.set.Faults.RefuseLogin {
		return 0, false
	}
	for _, rest := range c.All("username " + user) {
		level, ok := secret.CheckUser(rest, password)
		if ok {
			return level, true
		}
	}
	return 0, false
}

// ServedFile returns a file of the flash that a tftp-server line names.
func (d *Device) ServedFile(name string) (flash.Content, bool) {
	for _, rest := range d.config().All("tftp-server") {
		words := strings.Fields(rest)
		p, err := d.sys().Find(words[0])
		if err != nil || p.FS == nil {
			continue
		}
		alias := flash.Clean(p.Path)
		if len(words) == 3 && words[1] == "alias" {
			alias = words[2]
		}
		if alias != flash.Clean(name) {
			continue
		}
		if f, err := p.FS.Open(p.Path); err == nil {
			return f.Content, true
		}
	}
	return nil, false
}

// serveFiles starts or stops the server of what tftp-server lines name. The caller holds
// the lock.
func (d *Device) serveFiles() {
	wanted := len(d.running.All("tftp-server")) > 0 && d.set.Transfers != nil && d.state == up
	switch {
	case wanted && d.server == nil:
		ctx, cancel := context.WithCancel(d.life)
		d.server = cancel
		d.wg.Go(func() {
			if err := d.set.Transfers.ServeTFTP(ctx, d.ServedFile); err != nil && ctx.Err() == nil {
				d.Message("%%TFTP-3-ERROR: cannot serve files: %v", err)
			}
		})
	case !wanted && d.server != nil:
		d.server()
		d.server = nil
	}
}
