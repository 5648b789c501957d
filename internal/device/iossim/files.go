package iossim

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/copying"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
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

// verify reads a file and says what its hash is, or whether it is the one that it ought to be.
func verify(s *session, a args, _ io.Writer) error {
	p, err := s.sys().Find(a["file"])
	if err != nil || p.FS == nil {
		s.Print("%Error parsing filename (Invalid argument)\n")
		return nil
	}
	if p.Path == "" {
		answer, err := s.Ask("Verify filename []? ")
		if err != nil {
			return err
		}
		p.Path = flash.Clean(answer)
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		s.Printf("%%Error opening %s (No such file or directory)\n", p.Prefix+p.Path)
		return nil
	}
	if a["hash"] == "" {
		return s.verifySignature(p, f)
	}
	sum := hash.Hash(md5.New())
	if a["hash"] == "/sha512" {
		sum = sha512.New()
	}
	if err := s.dots(f, sum); err != nil {
		return err
	}
	s.Print("Done!\n")
	got, want := hex.EncodeToString(sum.Sum(nil)), strings.ToLower(a["sum"])
	name := p.Prefix + p.Path
	switch {
	case want == "":
		s.Printf("verify %s (%s) = %s\n", a["hash"], name, got)
	case want == got:
		s.Printf("Verified (%s) = %s\n", name, got)
	default:
		s.Printf("%%Error verifying %s\nComputed signature  = %s\nSubmitted signature = %s\n", name, got, want)
	}
	return nil
}

// dots reads a file into w, with a dot for each MiB.
func (s *session) dots(f flash.File, w io.Writer) error {
	return s.During(func(ctx context.Context, show func(string)) error {
		r := f.Reader()
		for ctx.Err() == nil {
			_, err := io.CopyN(w, r, 1<<20)
			show(".")
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// verifySignature says whether a file is a whole image.
func (s *session) verifySignature(p place.Place, f flash.File) error {
	s.Printf("Verifying file integrity of %s%s", p.Prefix, p.Path)
	if err := s.dots(f, io.Discard); err != nil {
		return err
	}
	_, err := image.Check(f.Reader())
	switch {
	case errors.Is(err, image.ErrForeign):
		s.Printf("\n%%Error verifying %s%s (not an image)\n", p.Prefix, p.Path)
	case err != nil:
		s.Printf("\nEmbedded hash verification failed for file %s%s.\n", p.Prefix, p.Path)
	default:
		s.Print("\nEmbedded hash verification successful.\n")
	}
	return nil
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

// modified reports whether the running-config differs from what was saved.
func (d *Device) modified() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running.String() != d.startup
}

// keep makes a text the startup-config; "" erases it.
func (d *Device) keep(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved, d.startup = "", text
	if at := strings.Index(text, "version "); at > 0 && strings.HasPrefix(text, "!") {
		d.saved, d.startup = text[:at], text[at:]
	}
}

// save writes the running-config to the startup-config.
func (s *session) save() {
	s.Print("Building configuration...\n")
	d := s.d
	d.mu.Lock()
	d.saved, d.startup = lastChange(d.changed), d.running.String()
	d.mu.Unlock()
	s.Print("[OK]\n")
	if _, ok := d.config().Below("archive", "write-memory"); ok {
		s.archive()
	}
}

func writeMemory(s *session, _ args, _ io.Writer) error {
	s.save()
	return nil
}

// archive keeps a copy of the running-config where the configuration says.
func (s *session) archive() {
	d := s.d
	c := d.config()
	path, _ := c.Below("archive", "path")
	if path == "" {
		s.Print("%% The archive path is not configured\n")
		return
	}
	p, err := d.sys().Find(strings.ReplaceAll(path, "$h", d.Hostname()))
	if err != nil || p.FS == nil {
		s.Printf("%%Error archiving to %s (Invalid argument)\n", path)
		return
	}
	most := 10
	if text, ok := c.Below("archive", "maximum"); ok {
		fmt.Sscan(text, &most)
	}
	d.mu.Lock()
	d.archived = append(d.archived, archived{p.FS, ""})
	n := d.archives + 1
	d.archives = n
	name := fmt.Sprintf("%s%s-%d", p.Path, d.clock().Format("Jan-_2-15-04-05.000"), n-1)
	name = strings.ReplaceAll(name, " ", "-")
	d.archived[len(d.archived)-1].name = name
	var old []archived
	if drop := len(d.archived) - most; drop > 0 {
		old, d.archived = d.archived[:drop:drop], d.archived[drop:]
	}
	d.mu.Unlock()
	for _, o := range old {
		_ = o.fs.Remove(o.name) // somebody may have deleted it already
	}
	if err := p.FS.Put(name, flash.Text(d.runningText()), d.now()); err != nil {
		s.Printf("%%Error archiving to %s%s (%s)\n", p.Prefix, name, place.Why(err))
	}
}

// archived is a copy that archive keeps.
type archived struct {
	fs   *flash.FS
	name string
}

func archiveConfig(s *session, _ args, _ io.Writer) error {
	s.archive()
	return nil
}

func showArchive(s *session, _ args, w io.Writer) error {
	c := s.d.config()
	if path, _ := c.Below("archive", "path"); path == "" {
		fmt.Fprint(w, "The archive feature is not enabled.\n")
		return nil
	}
	most, ok := c.Below("archive", "maximum")
	if !ok {
		most = "10"
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	path, _ := c.Below("archive", "path")
	fmt.Fprintf(w, "The maximum archive configurations allowed is %s.\nThere are currently %d archive configurations saved.\n", most, len(s.d.archived))
	fmt.Fprintf(w, "The next archive file will be named %s-<timestamp>-%d\n Archive #  Name\n", path, s.d.archives)
	for i, a := range s.d.archived {
		mark := ""
		if i == len(s.d.archived)-1 {
			mark = " <- Most Recent"
		}
		fmt.Fprintf(w, "   %-8d %s%s%s\n", i+1, s.d.model.Storage, a.name, mark)
	}
	return nil
}

// copyFile is "copy FROM TO".
func copyFile(s *session, a args, _ io.Writer) error {
	from, err1 := s.sys().Find(a["from"])
	to, err2 := s.sys().Find(a["to"])
	if err := errors.Join(err1, err2); err != nil {
		s.Print("%Error parsing filename (Bad file number)\n")
		return nil
	}
	c := &copying.Copier{
		Terminal: s.Terminal, Device: desk{s}, System: s.sys(), Transfers: s.d.set.Transfers, Memory: &s.d.copies, User: s.user,
		Speed: pause.Speed(s.d.set.Speed),
	}
	return c.Copy(from, to)
}

// desk is the device as somebody works on it at a terminal.
type desk struct{ s *session }

func (k desk) Config() *conf.Config { return k.s.d.config() }
func (k desk) Now() time.Time       { return k.s.d.now() }
func (k desk) Running() string      { return k.s.d.runningText() }
func (k desk) Keep(text string)     { k.s.d.keep(text) }
func (k desk) Save()                { k.s.save() }

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
