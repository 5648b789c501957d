package iossim

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/place"
)

// downloadSoftware is "archive download-sw" of a classic switch: it fetches an image, puts
// it into a directory of its own, and lets it boot. The archive is a stand-in image, as any
// image of the simulation; a real one is a tar of several files.
func downloadSoftware(s *session, a args, _ io.Writer) error {
	d := s.d
	from, err := s.sys().Find(a["file"])
	if err != nil || !from.Network() && from.FS == nil {
		s.Print("%Error parsing filename (Bad file number)\n")
		return nil
	}
	store := d.flash[0]
	const update = "update.tar"
	h, ok, err := s.unpack(a["file"], update)
	if err != nil || !ok {
		return err
	}
	name := strings.TrimSuffix(d.model.FileName(h.Version), ".bin")
	file := name + "/" + name + ".bin"
	s.Printf("\nSystem Type:             0x00000000\n  Ios Image File Size:   0x%08X\n  Total Image File Size: 0x%08X\n  Image Directory:       %s\n  Image Name:            %s\n\n", h.Size, h.Size, name, path.Base(file))
	old := d.facts().Image
	if a["overwrite"] != "" {
		s.Printf("Old image for switch 1: %s\n  Old image will be deleted after download.\n\n", boot.Slashed(old))
	}
	s.Printf("Extracting images from archive into flash...\n%s/ (directory)\nextracting %s (%d bytes)\n\n", name, file, h.Size)
	_ = store.RemoveAll(name) // what an earlier download has left
	if err := errors.Join(store.Mkdir(name, d.now()), store.Rename(update, file)); err != nil {
		s.Printf("%%Error opening flash:/%s (%s)\n", file, place.Why(err))
		return nil
	}
	s.Printf("New software image installed in flash:/%s\n", file)
	d.bootNext("boot system flash:/" + file)
	if p, err := d.sys().Find(old); err == nil && a["overwrite"] != "" && p.Path != file {
		s.Printf("Deleting `%s'...", boot.Slashed(old))
		if dir := path.Dir(p.Path); dir != "." {
			_ = store.RemoveAll(dir) // it has gone meanwhile
		} else {
			_ = store.Remove(p.Path)
		}
		s.Print("done.\n")
	}
	s.Print("All software images installed.\n")
	switch {
	case a["reload"] == "":
	case d.modified():
		s.Print("The configuration has been changed and was not saved: there is no reload.\n")
	default:
		d.Message("%%SYS-5-RELOAD: Reload requested by %s. Reload Reason: Reload Command.", s.who())
		d.goDown("reload")
		<-s.Context().Done()
		return s.Context().Err()
	}
	return nil
}

// unpack keeps the file that is named under another name, and returns what it says of
// itself. What is no image for here is not kept; then ok is false, and it was said why.
func (s *session) unpack(file, to string) (h image.Header, ok bool, err error) {
	d := s.d
	from, err := s.sys().Find(file)
	if err != nil {
		return h, false, nil
	}
	store := d.flash[0]
	if from.FS != nil {
		f, err := from.FS.Open(from.Path)
		if err == nil {
			err = store.Put(to, f.Content, d.now())
		}
		if err != nil {
			s.Printf("%%Error opening %s (No such file or directory)\n", from)
			return h, false, nil
		}
	} else {
		upload, err := store.Create(to)
		if err != nil {
			return h, false, fmt.Errorf("iossim: %w", err)
		}
		defer upload.Abort()
		if ok, err := s.copier().Fetch(from, upload); err != nil || !ok {
			return h, false, err
		}
		if err := upload.Commit(d.now()); err != nil {
			return h, false, fmt.Errorf("iossim: %w", err)
		}
	}
	s.Print("examining image...\n")
	f, err := store.Open(to)
	if err == nil {
		h, err = boot.Whole(d.model, f.Content)
	}
	if err != nil {
		_ = store.Remove(to) // or somebody else has
		s.Printf("%%Error: %s is no image for this switch: its software is left as it is\n", from)
		return h, false, nil
	}
	return h, true, nil
}

// bootNext makes a line of the boot list the only one, in the running-config and in what
// was saved.
func (d *Device) bootNext(line string) {
	d.Edit("", func(c *conf.Config) { c.Set("boot system", line) })
	d.mu.Lock()
	saved := d.startup
	d.mu.Unlock()
	c := d.configurer(new(conf.Config))
	c.Load(saved)
	c.Conf.Set("boot system", line)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.startup = c.Conf.String()
}
