package copying

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/tty"
)

// Memory is what copy proposes, from the copy before. The zero value proposes nothing; it
// may be used by several goroutines.
type Memory struct {
	mu   sync.Mutex
	last proposal
}

type proposal struct{ host, name string }

func (m *Memory) get() proposal {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

func (m *Memory) set(c *Copier) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range []place.Place{c.to, c.from} {
		if p.Network() {
			m.last.host = p.Remote.Host
			if p.Remote.Port != 0 {
				m.last.host += ":" + strconv.Itoa(p.Remote.Port)
			}
		}
	}
	if c.from.Scheme == "flash" || c.from.Network() {
		m.last.name = c.from.Path
	}
}

// open shows the line before the first mark. It is called from several goroutines, and
// returns when the line is there.
func (c *Copier) open(header string, show func(string)) {
	c.opening.Do(func() {
		c.opened.Store(true)
		show(header)
	})
}

// marks shows the marks of a transfer, with the line before the first.
func (c *Copier) marks(header string, show func(string)) func(place.Mark) {
	return func(m place.Mark) {
		if m != place.MarkTimeout || c.to.Network() {
			c.open(header, show)
		}
		switch m {
		case place.MarkPackets:
			c.moved.Store(true)
		case place.MarkTimeout:
			c.waited.Store(true)
		}
		show(string(rune(m)))
	}
}

// received is what has come of a file: it calls open before the first octet, keeps the
// beginning, and counts and sums up all.
type received struct {
	w    io.Writer
	open func()
	head []byte
	size int64
	sum  uint64 // of pairs of octets, as they are before the carry
}

// maxHead is how much of the beginning is kept, in octets.
const maxHead = 512

func (r *received) Write(b []byte) (int, error) {
	if r.size == 0 {
		r.open()
	}
	n, err := r.w.Write(b)
	r.head = append(r.head, b[:min(n, maxHead-len(r.head))]...)
	for i, v := range b[:n] {
		if (r.size+int64(i))%2 == 0 {
			r.sum += uint64(v) << 8
		} else {
			r.sum += uint64(v)
		}
	}
	r.size += int64(n)
	return n, err
}

// checksum is the sum as devices have it: of 16 bits, with the carry added.
func (r *received) checksum() uint16 {
	sum := r.sum
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// fetch writes the file on the server to w, and shows how it goes to where all has come.
func (c *Copier) fetch(w io.Writer) (*received, error) {
	got := &received{w: w}
	header := "Loading " + c.from.Path + " "
	if c.from.Scheme == "tftp" {
		header = "Loading " + c.from.Path + " from " + c.from.Remote.Host + " (via " + c.outgoing() + "): "
	}
	err := c.During(func(ctx context.Context, show func(string)) error {
		if c.Transfers == nil {
			return place.ErrUnsupported
		}
		mark := c.marks(header, show)
		got.open = func() { c.open(header, show) }
		return c.Transfers.Fetch(ctx, c.remote(), got, mark)
	})
	if err == nil {
		c.Print(c.okLine(got.size))
	}
	return got, err
}

// Fetch writes a file on a server to w, without a question but for a password that is
// missing. It returns false when that has failed, and said so.
func (c *Copier) Fetch(from place.Place, w io.Writer) (ok bool, err error) {
	c.from, c.to = from, place.Place{Scheme: "null"}
	if err := c.credentials(); err != nil {
		return false, err
	}
	if got, err := c.fetch(w); err != nil {
		return false, c.failed(err, got.size)
	}
	return true, nil
}

// download fetches a file from a server.
func (c *Copier) download() error {
	c.Printf("Accessing %s...\n", c.from)
	var upload *flash.Upload
	var text bytes.Buffer
	sink := io.Discard
	if c.to.FS != nil {
		var err error
		if upload, err = c.to.FS.Create(c.to.Path); err != nil {
			c.Printf("%%Error opening %s (%s)\n", c.to, place.Why(err))
			return nil
		}
		defer upload.Abort()
		sink = upload
	} else if c.to.Scheme != "null" {
		sink = &limited{&text, int64(c.System.Model.NVRAM)}
	}
	got, err := c.fetch(sink)
	if err != nil {
		return c.failed(err, got.size)
	}
	switch {
	case c.to.Scheme == "null":
		c.Print("\n" + copied(got.size, time.Since(c.begun)))
		return nil
	case upload == nil:
		c.Print("\n")
		return c.configuration(flash.Text(text.String()))
	}
	return c.commit(upload, got)
}

// okLine says that all has come. FTP has its own way.
func (c *Copier) okLine(size int64) string {
	if size == 0 && !c.opened.Load() {
		return "[OK]\n"
	}
	if c.from.Scheme == "ftp" {
		return "\n[OK - " + strconv.FormatInt(size, 10) + "/4096 bytes]\n"
	}
	return "\n[OK - " + strconv.FormatInt(size, 10) + " bytes]\n"
}

// commit keeps what has come, unless it is an image for something else.
func (c *Copier) commit(upload *flash.Upload, got *received) error {
	long := time.Since(c.begun)
	if !c.executable(got.head) {
		c.Print("%Warning: File not a valid executable for this system\n")
		if abort, err := c.Confirm("Abort Copy? "); err != nil || abort {
			return err
		}
	}
	if err := upload.Commit(c.Device.Now()); err != nil {
		return c.failed(err, got.size)
	}
	c.Print("\n")
	if c.to.FS.Class() != flash.Disk {
		c.Printf("Verifying checksum...  OK (0x%04X)\n", got.checksum())
	}
	c.Print(copied(got.size, long))
	return nil
}

// failed says why a copy broke off; the file of the copy is gone.
func (c *Copier) failed(err error, size int64) error {
	remote := c.server()
	if errors.Is(err, tty.ErrAbort) || errors.Is(err, context.Canceled) || c.Context().Err() != nil {
		if c.opened.Load() {
			c.Print("\n")
		}
		c.Printf("%%Error copying %s (Aborted)\n", remote)
		return errors.Join(tty.ErrAbort, c.Context().Err())
	}
	switch {
	case errors.Is(err, flash.ErrFull):
		c.Printf("\n%%Error copying %s (Not enough space on device)\n", remote)
		if c.to.FS != nil {
			c.Printf("%d bytes available (%d bytes used)\n", c.to.FS.Free()+size, c.to.FS.Capacity()-c.to.FS.Free()-size)
		}
	case c.to.Network() && c.opened.Load() && !c.moved.Load():
		c.Printf("\n%%Error opening %s (%s)\n", remote, place.Why(err))
	case !c.opened.Load() && c.waited.Load():
		c.Printf("\n%%Error opening %s (%s)\n", remote, place.Why(err))
	case !c.opened.Load():
		c.Printf("%%Error opening %s (%s)\n", remote, place.Why(err))
	case errors.Is(err, place.ErrTimeout):
		c.Printf(" [timed out]\n%%Error reading %s (Timed out)\n", remote)
	default:
		c.Printf("\n%%Error copying %s (%s)\n", remote, place.Why(err))
	}
	return nil
}

// upload stores a file on a server.
func (c *Copier) upload(content flash.Content) error {
	switch c.to.Scheme {
	case "ftp":
		c.opened.Store(true)
		c.Printf("Writing %s ", c.to.Path)
	case "scp":
		c.opened.Store(true)
		c.Printf("Writing %s  Sending file modes: C0644 %d %s\n", c.to.Path, content.Size(), place.Base(c.to.Path))
	}
	err := c.During(func(ctx context.Context, show func(string)) error {
		if c.Transfers == nil {
			return place.ErrUnsupported
		}
		return c.Transfers.Store(ctx, c.remote(), io.NewSectionReader(content, 0, content.Size()), content.Size(), c.marks("", show))
	})
	if err != nil {
		return c.failed(err, 0)
	}
	c.Print("\n" + copied(content.Size(), time.Since(c.begun)))
	return nil
}

// local copies from one flash to another place of this device.
func (c *Copier) local(content flash.Content) error {
	upload, err := c.to.FS.Create(c.to.Path)
	if err != nil {
		c.Printf("%%Error opening %s (%s)\n", c.to, place.Why(err))
		return nil
	}
	defer upload.Abort()
	const piece = 1 << 20
	if content.Size() > piece {
		c.Print("Copy in progress...")
	}
	err = c.During(func(ctx context.Context, show func(string)) error {
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
	if err := upload.Commit(c.Device.Now()); err != nil {
		return c.failed(err, upload.Size())
	}
	if content.Size() > piece {
		c.Print("\n")
	}
	c.Print(copied(content.Size(), time.Since(c.begun)))
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
func (c *Copier) outgoing() string {
	f := c.Device.Config()
	for _, name := range c.System.Model.Interfaces {
		if _, ok := configure.Address(f, name); ok {
			return name
		}
	}
	return strings.TrimSpace(c.System.Model.Interfaces[0])
}

func (c *Copier) hostname() string {
	name, _ := c.Device.Config().Get("hostname")
	return name
}
