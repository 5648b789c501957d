package iossim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/tty"
)

// memory is what copy proposes, from the copy before.
type memory struct{ host, name string }

func (d *Device) remembered() memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

func (d *Device) remember(c *copier) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range []place.Place{c.to, c.from} {
		if p.Network() {
			d.last.host = p.Remote.Host
			if p.Remote.Port != 0 {
				d.last.host += ":" + strconv.Itoa(p.Remote.Port)
			}
		}
	}
	if c.from.Scheme == "flash" || c.from.Network() {
		d.last.name = c.from.Path
	}
}

// open shows the line before the first mark. It is called from several goroutines, and
// returns when the line is there.
func (c *copier) open(header string, show func(string)) {
	c.opening.Do(func() {
		c.opened.Store(true)
		show(header)
	})
}

// marks shows the marks of a transfer, with the line before the first.
func (c *copier) marks(header string, show func(string)) func(place.Mark) {
	return func(m place.Mark) {
		if m != place.MarkTimeout || c.to.Network() {
			c.open(header, show)
		}
		show(string(rune(m)))
	}
}

// first calls f before the first octet is written, and counts them.
type first struct {
	w io.Writer
	f func()
	n *int64
}

func (w *first) Write(b []byte) (int, error) {
	if f := w.f; f != nil {
		w.f = nil
		f()
	}
	n, err := w.w.Write(b)
	*w.n += int64(n)
	return n, err
}

// download fetches a file from a server.
func (c *copier) download() error {
	s := c.s
	s.Printf("Accessing %s...\n", c.from)
	var upload *flash.Upload
	var text bytes.Buffer
	sink := io.Discard
	if c.to.FS != nil {
		var err error
		if upload, err = c.to.FS.Create(c.to.Path); err != nil {
			s.Printf("%%Error opening %s (%s)\n", c.to, why(err))
			return nil
		}
		defer upload.Abort()
		sink = upload
	} else if c.to.Scheme != "null" {
		sink = &limited{&text, int64(s.d.model.NVRAM)}
	}
	size := int64(0)
	header := "Loading " + c.from.Path + " "
	if c.from.Scheme == "tftp" {
		header = "Loading " + c.from.Path + " from " + c.from.Remote.Host + " (via " + s.d.outgoing() + "): "
	}
	err := s.During(func(ctx context.Context, show func(string)) error {
		if s.d.set.Transfers == nil {
			return place.ErrUnsupported
		}
		mark := c.marks(header, show)
		w := &first{w: sink, f: func() { c.open(header, show) }, n: &size}
		return s.d.set.Transfers.Fetch(ctx, c.from.Remote, w, mark)
	})
	if err != nil {
		return c.failed(err, size)
	}
	s.Print(c.okLine(size))
	switch {
	case c.to.Scheme == "null":
		s.Print("\n" + copied(size, time.Since(c.begun)))
		return nil
	case upload == nil:
		s.Print("\n")
		return c.configuration(flash.Text(text.String()))
	}
	return c.commit(upload, size)
}

// okLine says that all has come. FTP has its own way.
func (c *copier) okLine(size int64) string {
	if size == 0 && !c.opened.Load() {
		return "[OK]\n"
	}
	if c.from.Scheme == "ftp" {
		return "\n[OK - " + itoa(size) + "/4096 bytes]\n"
	}
	return "\n[OK - " + itoa(size) + " bytes]\n"
}

// commit keeps what has come, unless it is an image for something else.
func (c *copier) commit(upload *flash.Upload, size int64) error {
	s := c.s
	long := time.Since(c.begun)
	if err := upload.Commit(s.d.now()); err != nil {
		return c.failed(err, size)
	}
	f, err := c.to.FS.Open(c.to.Path)
	if err == nil && !s.d.executable(f.Name, f.Content) {
		s.Print("%Warning: File not a valid executable for this system\n")
		abort, err := s.Confirm("Abort Copy? ")
		if err != nil || abort {
			_ = c.to.FS.Remove(c.to.Path) // or it has gone meanwhile
			return err
		}
	}
	s.Print("\n" + copied(size, long))
	return nil
}

// failed says why a copy broke off; the file of the copy is gone.
func (c *copier) failed(err error, size int64) error {
	s := c.s
	remote := c.from
	if c.to.Network() {
		remote = c.to
	}
	if errors.Is(err, tty.ErrAbort) || s.Context().Err() != nil {
		if c.opened.Load() {
			s.Print("\n")
		}
		s.Printf("%%Error copying %s (Aborted)\n", remote)
		return errors.Join(tty.ErrAbort, s.Context().Err())
	}
	switch {
	case errors.Is(err, flash.ErrFull):
		s.Printf("\n%%Error copying %s (Not enough space on device)\n", remote)
		if c.to.FS != nil {
			s.Printf("%d bytes available (%d bytes used)\n", c.to.FS.Free()+size, c.to.FS.Capacity()-c.to.FS.Free()-size)
		}
	case !c.opened.Load():
		s.Printf("%%Error opening %s (%s)\n", remote, why(err))
	case errors.Is(err, place.ErrTimeout):
		s.Printf(" [timed out]\n%%Error reading %s (Timed out)\n", remote)
	default:
		s.Printf("\n%%Error copying %s (%s)\n", remote, why(err))
	}
	return nil
}

// upload stores a file on a server.
func (c *copier) upload(content flash.Content) error {
	s := c.s
	err := s.During(func(ctx context.Context, show func(string)) error {
		if s.d.set.Transfers == nil {
			return place.ErrUnsupported
		}
		header := ""
		if c.to.Scheme != "tftp" {
			header = "Writing " + c.to.Path + " "
		}
		mark := c.marks(header, show)
		return s.d.set.Transfers.Store(ctx, c.to.Remote, io.NewSectionReader(content, 0, content.Size()), content.Size(), mark)
	})
	if err != nil {
		return c.failed(err, 0)
	}
	s.Print("\n" + copied(content.Size(), time.Since(c.begun)))
	return nil
}

// local copies from one flash to another place of this device.
func (c *copier) local(content flash.Content) error {
	s := c.s
	upload, err := c.to.FS.Create(c.to.Path)
	if err != nil {
		s.Printf("%%Error opening %s (%s)\n", c.to, why(err))
		return nil
	}
	defer upload.Abort()
	const piece = 1 << 20
	if content.Size() > piece {
		s.Print("Copy in progress...")
	}
	err = s.During(func(ctx context.Context, show func(string)) error {
		r := io.NewSectionReader(content, 0, content.Size())
		for ctx.Err() == nil {
			n, err := io.CopyN(upload, r, piece)
			if n == piece {
				show("C")
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return c.failed(err, upload.Size())
	}
	if err := upload.Commit(s.d.now()); err != nil {
		return c.failed(err, upload.Size())
	}
	if content.Size() > piece {
		s.Print("\n")
	}
	s.Print(copied(content.Size(), time.Since(c.begun)))
	return nil
}

// limited refuses what is more than a device has memory for.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	if int64(len(b)) > l.left {
		return 0, flash.ErrFull
	}
	l.left -= int64(len(b))
	return l.w.Write(b)
}

// outgoing is the interface that packets leave by: the first that has an address.
func (d *Device) outgoing() string {
	c := d.config()
	for _, name := range d.model.Interfaces {
		if _, ok := configure.Address(c, name); ok {
			return name
		}
	}
	return strings.TrimSpace(d.model.Interfaces[0])
}
