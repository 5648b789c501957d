package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/copying"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/pause"
	"dray/internal/device/iossim/place"
)

func (s *session) dirNVRAM(w io.Writer) {
	d := s.d
	d.mu.Lock()
	size := len(d.saved + d.startup)
	d.mu.Unlock()
	fmt.Fprintf(w, "Directory of nvram:/\n\n")
	if size > 0 {
		fmt.Fprintf(w, "%5d  -rw-  %10d                    <no date>  startup-config\n", 1, size)
	}
	fmt.Fprintf(w, "\n%d bytes total (%d bytes free)\n", d.model.NVRAM, d.model.NVRAM-size)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// squeeze frees what deleted files take.
func squeeze(s *session, a args, _ io.Writer) error {
	p, err := s.sys().Find(a["file"])
	if err != nil || p.FS == nil {
		s.Print("%Error squeezing " + a["file"] + " (Invalid argument)\n")
		return nil
	}
	if p.FS.Class() != flash.ClassA {
		s.Printf("%%Error squeezing %s (Operation not supported)\n", p.Prefix)
		return nil
	}
	if yes, err := s.Confirm("Squeeze operation may take a while. Continue? "); err != nil || !yes {
		return err
	}
	err = s.During(func(ctx context.Context, show func(string)) error {
		for range 20 {
			if err := s.d.pause(ctx, time.Second/2); err != nil {
				return err
			}
			show("S")
		}
		return p.FS.Squeeze()
	})
	if err == nil {
		s.Printf("\nSqueeze of %s complete\n", strings.TrimSuffix(p.Prefix, ":"))
	}
	return err
}

// eraseCommand erases the startup-config, or a flash of the class that is erased as a whole.
func eraseCommand(s *session, a args, _ io.Writer) error {
	p, err := s.sys().Find(or(a["file"], "nvram:"))
	switch {
	case err == nil && (p.Scheme == "nvram" && p.Path == "" || p.Scheme == "startup-config"):
		yes, err := s.Confirm("Erasing the nvram filesystem will remove all configuration files! Continue? ")
		if err != nil || !yes {
			return err
		}
		s.d.keep("")
		s.Print("[OK]\nErase of nvram: complete\n")
		s.d.Message("%%SYS-7-NV_BLOCK_INIT: Initialized the geometry of nvram")
	case err != nil || p.FS == nil || p.Path != "" || p.FS.Class() == flash.Disk:
		s.Printf("%%Error erasing %s (Invalid argument)\n", a["file"])
	default:
		yes, err := s.Confirm("Erasing the " + strings.TrimSuffix(p.Prefix, ":") + " filesystem will remove all files! Continue? ")
		if err != nil || !yes {
			return err
		}
		return copying.Erase(s.Terminal, pause.Speed(s.d.set.Speed), p.Prefix, p.FS)
	}
	return nil
}

// moreFile shows a text file.
func moreFile(s *session, a args, w io.Writer) error {
	p, err := s.sys().Find(a["file"])
	if err == nil && p.FS == nil && !p.Network() {
		content, err := copying.Source(desk{s}, p)
		if err == nil {
			_, err = io.Copy(w, io.NewSectionReader(content, 0, content.Size()))
		}
		if err != nil {
			fmt.Fprintf(w, "%%Error opening %s (%s)\n", p, place.Why(err))
		}
		return nil
	}
	if err != nil || p.FS == nil {
		fmt.Fprintf(w, "%%Error opening %s (Invalid argument)\n", a["file"])
		return nil
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		fmt.Fprintf(w, "%%Error opening %s (No such file or directory)\n", p)
		return nil
	}
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(f.Reader(), most))
	if err != nil {
		return fmt.Errorf("iossim: %w", err)
	}
	io.WriteString(w, strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return '.'
		}
		return r
	}, string(b)))
	return nil
}

// runningText is the running-config as it is shown and saved.
func (d *Device) runningText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return lastChange(d.changed) + d.running.String()
}

func lastChange(changed string) string {
	if changed == "" {
		return "!\n! No configuration change since last restart\n!\n"
	}
	return "!\n! Last configuration change at " + changed + "\n!\n"
}

// modified reports whether the running-config differs from what was saved, the line of the
// version aside.
func (d *Device) modified() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return unversioned(d.running.String()) != unversioned(d.startup)
}

func unversioned(text string) string {
	if line, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(line, "version ") {
		return rest
	}
	return text
}

// keep makes a text the startup-config; "" erases it.
func (d *Device) keep(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved, d.startup, d.savedBy = "", text, d.version
	if text == "" {
		d.savedBy = ""
	}
	if at := strings.Index(text, "version "); at > 0 && strings.HasPrefix(text, "!") {
		d.saved, d.startup = text[:at], text[at:]
	}
}

// save writes the running-config to the startup-config. It asks before it replaces one that
// another version of the system has written.
func (s *session) save() error {
	d := s.d
	d.mu.Lock()
	foreign := d.savedBy != "" && d.savedBy != d.version
	d.mu.Unlock()
	if foreign {
		s.Print("Warning: Attempting to overwrite an NVRAM configuration previously written\nby a different version of the system image.\n")
		if yes, err := s.Confirm("Overwrite the previous NVRAM configuration?"); err != nil || !yes {
			return err
		}
	}
	s.Print("Building configuration...\n")
	d.mu.Lock()
	d.saved, d.startup, d.savedBy = lastChange(d.changed), d.running.String(), d.version
	d.mu.Unlock()
	s.Print("[OK]\n")
	if _, ok := d.config().Below("archive", "write-memory"); ok {
		s.archive()
	}
	return nil
}

func writeMemory(s *session, _ args, _ io.Writer) error { return s.save() }

// copyFile is "copy FROM TO".
func copyFile(s *session, a args, _ io.Writer) error {
	from, err1 := s.sys().Find(a["from"])
	to, err2 := s.sys().Find(a["to"])
	if err := errors.Join(err1, err2); err != nil {
		s.Print("%Error parsing filename (Bad file number)\n")
		return nil
	}
	return s.copier().Copy(from, to)
}

// copier copies at this terminal.
func (s *session) copier() *copying.Copier {
	return &copying.Copier{
		Terminal: s.Terminal, Device: desk{s}, System: s.sys(), Transfers: s.d.set.Transfers, Memory: &s.d.copies, User: s.user,
		Speed: pause.Speed(s.d.set.Speed),
	}
}

// desk is the device as somebody works on it at a terminal.
type desk struct{ s *session }

func (k desk) Config() *conf.Config { return k.s.d.config() }
func (k desk) Now() time.Time       { return k.s.d.now() }
func (k desk) Running() string      { return k.s.d.runningText() }
func (k desk) Keep(text string)     { k.s.d.keep(text) }
func (k desk) Save() error          { return k.s.save() }

func (k desk) Startup() string {
	k.s.d.mu.Lock()
	defer k.s.d.mu.Unlock()
	if k.s.d.startup == "" {
		return ""
	}
	return k.s.d.saved + k.s.d.startup
}

func (k desk) Load(text, from string) {
	k.s.Print(k.s.configurer().Load(text))
	k.s.d.Message("%%SYS-5-CONFIG_I: Configured from %s by %s", from, k.s.who())
}
