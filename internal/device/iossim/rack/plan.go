package rack

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/goccy/go-yaml"

	"dray/internal/device/iossim"
	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/link"
	"dray/internal/device/iossim/model"
)

// Plan is a file that says what is in a rack.
type Plan struct {
	Speed   float64 `yaml:"speed"`
	Devices []Group `yaml:"devices"`
}

// Group is devices that are alike.
type Group struct {
	Model    string   `yaml:"model"`
	Count    int      `yaml:"count"` // 0 means 1
	Hostname string   `yaml:"hostname"`
	Version  string   `yaml:"version"`
	User     string   `yaml:"user"`
	Password string   `yaml:"password"`
	Enable   string   `yaml:"enable"`
	Address  string   `yaml:"address"`
	SSH      string   `yaml:"ssh"` // old: the algorithms of old IOS only
	Config   []string `yaml:"config"`
	Flash    struct {
		Size  int64       `yaml:"size"`
		Class string      `yaml:"class"` // a, c or disk
		Files []PlanImage `yaml:"files"`
	} `yaml:"flash"`
	Faults struct {
		Rate        int64   `yaml:"rate"`
		Loss        float64 `yaml:"loss"`
		CutAfter    int64   `yaml:"cut-after"`
		Corrupt     int64   `yaml:"corrupt"`
		FullFlash   bool    `yaml:"full-flash"`
		RefuseLogin bool    `yaml:"refuse-login"`
		Hang        string  `yaml:"hang"`
		NeverBack   bool    `yaml:"never-back"`
		BootOld     bool    `yaml:"boot-old"`
		LogAtPrompt bool    `yaml:"log-at-prompt"`
	} `yaml:"faults"`
}

// PlanImage is a stand-in image on the flash.
type PlanImage struct {
	Name     string `yaml:"name"`
	Platform string `yaml:"platform"` // "" is the model
	Version  string `yaml:"version"`
	Size     int64  `yaml:"size"`
}

// Lab is who may log in where nothing else is said, also the secret of enable.
const Lab = "cisco"

// ParsePlan reads a plan. A key that it does not know is an error.
func ParsePlan(text []byte) (p Plan, err error) {
	defer func() {
		if recover() != nil { // by a text that the parser cannot bear
			err = errors.New("this is no YAML")
		}
	}()
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return p, errors.New(strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if len(p.Devices) == 0 {
		return p, errors.New("devices: at least one is needed")
	}
	if p.Speed < 0 {
		return p, errors.New("speed: want a number above 0")
	}
	return p, nil
}

// Standard is the plan of n devices when nobody has made one: one model after the other.
func Standard(n int) Plan {
	var p Plan
	all := model.All()
	for i := range n {
		p.Devices = append(p.Devices, Group{Model: all[i%len(all)].Name})
	}
	return p
}

// Expand returns the devices of a plan; at is the address of their first interface.
func (p Plan) Expand(at netip.Addr) (all []Device, err error) {
	for n, g := range p.Devices {
		d, err := g.device(at)
		if err != nil {
			return nil, fmt.Errorf("devices, number %d: %w", n+1, err)
		}
		for range max(g.Count, 1) {
			one := d
			one.Name = name(g, len(all)+1)
			all = append(all, one)
		}
	}
	return all, nil
}

// name is the host name of a device: that of its group, with a number if there are several.
func name(g Group, n int) string {
	switch {
	case g.Hostname == "":
		return fmt.Sprintf("R%d", n)
	case g.Count > 1:
		return fmt.Sprintf("%s%d", g.Hostname, n)
	}
	return g.Hostname
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (g Group) device(at netip.Addr) (d Device, err error) {
	m, ok := model.Find(g.Model)
	if !ok {
		var names []string
		for _, m := range model.All() {
			names = append(names, m.Name)
		}
		return d, fmt.Errorf("model %q: want one of %s", g.Model, strings.Join(names, ", "))
	}
	const most = 1000
	if g.Count < 0 || g.Count > most {
		return d, fmt.Errorf("count %d: want 1 to %d", g.Count, most)
	}
	f := g.Faults
	d = Device{
		Model: m, Version: g.Version, Address: at, User: or(g.User, Lab), Password: or(g.Password, Lab), Enable: or(g.Enable, Lab),
		FlashSize: g.Flash.Size, Lines: g.Config,
		Faults: iossim.Faults{RefuseLogin: f.RefuseLogin, Hang: f.Hang, NeverBack: f.NeverBack, BootOld: f.BootOld, FullFlash: f.FullFlash, LogAtPrompt: f.LogAtPrompt},
		Link:   link.Faults{Rate: f.Rate, Loss: f.Loss, CutAfter: f.CutAfter, Corrupt: f.Corrupt},
	}
	if f.Rate < 0 || f.CutAfter < 0 || f.Corrupt < 0 || f.Loss < 0 || f.Loss >= 1 || g.Flash.Size < 0 {
		return d, errors.New("faults and sizes are not negative, and loss is below 1")
	}
	switch g.SSH {
	case "", "new":
	case "old":
		d.OldSSH = true
	default:
		return d, fmt.Errorf("ssh %q: want new or old", g.SSH)
	}
	if g.Address != "" {
		if d.Address, err = netip.ParseAddr(g.Address); err != nil || !d.Address.Is4() {
			return d, fmt.Errorf("address %q: want an IPv4 address", g.Address)
		}
	}
	class, known := map[string]flash.Class{"a": flash.ClassA, "c": flash.ClassC, "disk": flash.Disk}[g.Flash.Class]
	switch {
	case known:
		d.Class = &class
	case g.Flash.Class != "":
		return d, fmt.Errorf("flash class %q: want a, c or disk", g.Flash.Class)
	}
	for _, f := range g.Flash.Files {
		i, err := image.New(image.Header{Platform: or(f.Platform, g.Model), Version: f.Version, Size: f.Size})
		if err != nil {
			return d, err
		}
		d.Files = append(d.Files, boot.File{Name: or(f.Name, m.FileName(f.Version)), Content: i})
	}
	return d, nil
}

// Inventory writes where the devices are, and how to log in, as YAML.
func Inventory(all []Endpoint) string {
	var b strings.Builder
	b.WriteString("# Simulated devices of dray sim. The passwords are those of a lab.\ndevices:\n")
	line := func(key, value string) { fmt.Fprintf(&b, "    %s: %q\n", key, value) }
	for _, e := range all {
		d := e.Device
		fmt.Fprintf(&b, "  - name: %q\n", d.Name)
		line("model", d.Model.Name)
		if e.SSH.IsValid() {
			line("ssh", e.SSH.String())
			line("host-key", strings.TrimSpace(e.HostKey))
		}
		if e.Telnet.IsValid() {
			line("telnet", e.Telnet.String())
		}
		line("user", d.User)
		line("password", d.Password)
		line("enable", d.Enable)
	}
	return b.String()
}
