package ios

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"dray/internal/device"
	"dray/internal/device/ios/show"
	"dray/internal/device/term"
)

// Facts asks for all that is known of a device.
func (d *Device) Facts(ctx context.Context) (f device.Facts, err error) {
	if f, err = d.identity(ctx); err != nil {
		return f, err
	}
	systems, err := ask(ctx, d, true, show.ParseFileSystems, "show file systems")
	if err != nil {
		return f, err
	}
	for _, s := range systems {
		if s.Size > 0 {
			f.Storage = append(f.Storage, device.FileSystem{Names: s.Prefixes, Size: s.Size, Free: s.Free, Default: s.Default})
		}
	}
	parts, err := ask(ctx, d, true, show.ParseInventory, "show inventory")
	if err != nil {
		return f, err
	}
	for _, p := range parts {
		f.Parts = append(f.Parts, device.Part{Name: p.Name, PID: p.PID, Serial: p.Serial})
	}
	if err := d.stack(ctx, &f); err != nil {
		return f, err
	}
	if err := d.bootFacts(ctx, &f); err != nil {
		return f, err
	}
	f.Scheduled, err = ask(ctx, d, true, show.ParseReload, "show reload")
	return f, err
}

// identity is what "show version" says.
func (d *Device) identity(ctx context.Context) (f device.Facts, err error) {
	v, err := ask(ctx, d, false, show.ParseVersion, "show version")
	if err != nil {
		return f, err
	}
	d.version = v
	f = device.Facts{
		Hostname: v.Hostname, Model: v.Model, Serial: v.Serial, System: "IOS", Release: v.Release, Software: v.Software,
		Image: v.Image, Mode: "bundle", Uptime: device.Seconds(v.Uptime), Restarted: v.Restarted, Reason: v.Reason,
		Register: v.Register, Next: v.Next, Memory: v.Memory,
	}
	if v.XE {
		f.System = "IOS XE"
	}
	if path.Base(plain(v.Image)) == "packages.conf" {
		f.Mode = "install"
	}
	for _, m := range v.Members {
		f.Members = append(f.Members, device.Member{Number: m.Number, Model: m.Model, Release: m.Release, Mode: strings.ToLower(m.Mode)})
	}
	return f, nil
}

// plain is a file without its file system.
func plain(file string) string {
	return strings.TrimLeft(file[strings.LastIndexByte(file, ':')+1:], "/")
}

// stack asks for the state of the members, where there are some, and for packages.
func (d *Device) stack(ctx context.Context, f *device.Facts) error {
	members, err := ask(ctx, d, true, show.ParseSwitch, "show switch")
	var other *show.ParseError
	if err != nil && !(errors.As(err, &other) && len(f.Members) == 0) { // routers may know a "show switch" of another kind
		return err
	}
	for _, m := range members {
		found := false
		for i := range f.Members {
			if f.Members[i].Number == m.Number {
				f.Members[i].Role, f.Members[i].State, found = m.Role, m.State, true
			}
		}
		if !found {
			f.Members = append(f.Members, device.Member{Number: m.Number, Role: m.Role, State: m.State})
		}
	}
	states, err := ask(ctx, d, true, show.ParseRedundancy, "show redundancy states")
	if err != nil && !errors.As(err, &other) {
		return err
	}
	f.Standby = states.Peer
	if f.Mode != "install" {
		return nil
	}
	summary, err := ask(ctx, d, true, show.ParseInstall, "show install summary")
	for _, g := range summary.Groups {
		for _, p := range g.Packages {
			f.Packages = append(f.Packages, device.Package(p))
		}
	}
	return err
}

// bootFacts asks what boots next.
func (d *Device) bootFacts(ctx context.Context, f *device.Facts) error {
	all, err := d.bootVariables(ctx)
	if err != nil {
		return err
	}
	for _, b := range all {
		f.Manual = f.Manual || b.Manual == "yes"
		if b.Register != "" && f.Register == "" {
			f.Register, f.Next = b.Register, b.Next
		}
	}
	f.Boot, err = d.bootList(ctx, all)
	return err
}

// bootVariables are those of the members, without the other supervisor. Switches know one
// command, routers another.
func (d *Device) bootVariables(ctx context.Context) ([]show.Boot, error) {
	all, err := ask(ctx, d, true, show.ParseBoot, "show bootvar", "show boot")
	return slices.DeleteFunc(all, func(b show.Boot) bool { return b.Standby }), err
}

// bootList is what boots next, the first to be tried in front. What the variables do not say
// stands in the configuration.
func (d *Device) bootList(ctx context.Context, all []show.Boot) (files []string, err error) {
	for _, b := range all {
		if b.List != nil {
			return b.List, nil
		}
	}
	lines, err := d.bootLines(ctx)
	for _, l := range lines {
		files = append(files, fileOf(l))
	}
	if errors.Is(err, term.ErrRefused) { // in user mode there is no configuration to see
		err = nil
	}
	return files, err
}

// bootLines is what follows "boot system" in the running configuration.
func (d *Device) bootLines(ctx context.Context) ([]string, error) {
	text, err := d.show(ctx, "show running-config | include ^boot system")
	return show.BootSystem(text), err
}

// fileOf is the file that a line of the boot list names.
func fileOf(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	if len(words) == 2 && words[0] == "flash" {
		return "flash:" + last
	}
	return last
}

// List lists a folder.
func (d *Device) List(ctx context.Context, dir string) (device.Listing, error) {
	command := "dir"
	if dir != "" {
		command += " " + dir
	}
	text, err := d.show(ctx, command)
	if err != nil {
		return device.Listing{}, err
	}
	if err := show.ParseDelete(text); err != nil { // an error of the file system
		return device.Listing{}, err
	}
	l, err := show.ParseDir(text)
	all := device.Listing{Dir: l.Of, Size: l.Total, Free: l.Free}
	for _, f := range l.Files {
		all.Files = append(all.Files, device.File{Name: f.Name, Size: f.Size, Time: f.Time, Dir: f.Dir})
	}
	return all, err
}

// Config returns the configuration that runs, or the one that is kept.
func (d *Device) Config(ctx context.Context, kept bool) (string, error) {
	command := "show running-config"
	if kept {
		command = "show startup-config"
	}
	out, err := d.Run(ctx, term.Command{Text: command, Idle: d.cfg.CopyIdle})
	if err != nil {
		return "", err
	}
	return show.Config(out.Text())
}
