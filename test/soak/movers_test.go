//go:build linux

package soak

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"dray/ftp/ftpclient"
	"dray/internal/scp"
	"dray/tftp"
)

// mover is a log-in over one of the protocols.
type mover interface {
	get(ctx context.Context, name string, w io.Writer) error
	put(ctx context.Context, name string, r io.Reader, size int64) error
	close()
}

// keeper is a mover that can do more than move.
type keeper interface {
	mover
	rename(ctx context.Context, from, to string) error
	remove(ctx context.Context, name string) error
	count(ctx context.Context, dir string) (int, error)
}

// wire is all connections of one client, which can break.
type wire struct {
	limit int64           // after so many octets, both ways together, they are reset; negative: never
	hold  <-chan struct{} // instead they stay as they are, and nobody reads or writes, until it is closed

	mu    sync.Mutex
	moved int64
	conns []*net.TCPConn
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c.(*net.TCPConn))
	return &line{c, w}, nil
}

// reset ends all connections as a machine does that has lost its power and is back.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.SetLinger(0)
		c.Close()
	}
}

// pass counts octets, and breaks the wire when its time has come.
func (w *wire) pass(n int) {
	w.mu.Lock()
	w.moved += int64(n)
	broken := w.limit >= 0 && w.moved > w.limit
	w.mu.Unlock()
	if !broken {
		return
	}
	if w.hold != nil {
		<-w.hold
	}
	w.reset()
}

// line is one connection of a wire.
type line struct {
	net.Conn
	wire *wire
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.wire.pass(n)
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	l.wire.pass(len(b))
	return l.Conn.Write(b)
}

// viaFTP logs in over FTP, with TLS or without.
func viaFTP(ctx context.Context, h *house, w *wire, security ftpclient.Security) (mover, error) {
	d := &ftpclient.Dialer{DialContext: w.dial, Security: security}
	if security != 0 {
		d.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	}
	c, err := d.Dial(ctx, h.at("ftp").String())
	if err != nil {
		return nil, err
	}
	if err := c.Login(ctx, user, password); err != nil {
		c.Close()
		return nil, err
	}
	return ftpMover{c}, nil
}

type ftpMover struct{ c *ftpclient.Client }

func (m ftpMover) get(ctx context.Context, name string, w io.Writer) error {
	_, err := m.c.Retrieve(ctx, name, 0, w)
	return err
}

func (m ftpMover) put(ctx context.Context, name string, r io.Reader, _ int64) error {
	_, err := m.c.Store(ctx, name, 0, r)
	return err
}

func (m ftpMover) rename(ctx context.Context, from, to string) error {
	return m.c.Rename(ctx, from, to)
}

func (m ftpMover) remove(ctx context.Context, name string) error { return m.c.Remove(ctx, name) }

func (m ftpMover) count(ctx context.Context, dir string) (n int, err error) {
	for _, err := range m.c.List(ctx, dir) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (m ftpMover) close() { m.c.Close() }

// dialSSH logs in over SSH.
func dialSSH(ctx context.Context, h *house, w *wire) (*ssh.Client, error) {
	nc, err := w.dial(ctx, "tcp", h.at("sftp").String())
	if err != nil {
		return nil, err
	}
	c, channels, requests, err := ssh.NewClientConn(nc, "dray", &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// viaSFTP logs in over SFTP.
func viaSFTP(ctx context.Context, h *house, w *wire) (mover, error) {
	c, err := dialSSH(ctx, h, w)
	if err != nil {
		return nil, err
	}
	s, err := sftp.NewClient(c)
	if err != nil {
		c.Close()
		return nil, err
	}
	return sftpMover{c, s}, nil
}

type sftpMover struct {
	ssh *ssh.Client
	c   *sftp.Client
}

func (m sftpMover) get(_ context.Context, name string, w io.Writer) error {
	f, err := m.c.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteTo(w)
	return err
}

func (m sftpMover) put(_ context.Context, name string, r io.Reader, _ int64) error {
	f, err := m.c.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.ReadFrom(r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (m sftpMover) rename(_ context.Context, from, to string) error { return m.c.Rename(from, to) }

func (m sftpMover) remove(_ context.Context, name string) error { return m.c.Remove(name) }

func (m sftpMover) count(_ context.Context, dir string) (int, error) {
	all, err := m.c.ReadDir(dir)
	return len(all), err
}

func (m sftpMover) close() {
	m.c.Close()
	m.ssh.Close()
}

// viaSCP logs in for the older scp.
func viaSCP(ctx context.Context, h *house, w *wire) (mover, error) {
	c, err := dialSSH(ctx, h, w)
	return scpMover{c}, err
}

type scpMover struct{ c *ssh.Client }

// run has the server run scp.
func (m scpMover) run(c scp.Command, speak func(*scp.Stream) error) error {
	s, err := m.c.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.Start(c.String()); err != nil {
		return err
	}
	err = speak(scp.NewStream(struct {
		io.Reader
		io.Writer
	}{out, in}))
	in.Close()
	if err != nil {
		return err
	}
	return s.Wait()
}

func (m scpMover) get(_ context.Context, name string, w io.Writer) error {
	return m.run(scp.Command{Paths: []string{name}}, func(s *scp.Stream) error {
		return s.Take(scp.Command{Paths: []string{"file"}}, sink{w})
	})
}

func (m scpMover) put(_ context.Context, name string, r io.Reader, size int64) error {
	return m.run(scp.Command{Sink: true, Paths: []string{name}}, func(s *scp.Stream) error {
		return s.Give(scp.Command{Paths: []string{"file"}}, source{r: r, size: size})
	})
}

func (m scpMover) close() { m.c.Close() }

// sink takes the one file of a [scpMover].
type sink struct{ io.Writer }

func (sink) IsDir(string) bool { return false }

func (s sink) Create(string, int64, scp.Attributes) (scp.Upload, error) { return s, nil }

func (sink) Mkdir(string, scp.Attributes) error { return fs.ErrInvalid }

func (sink) Leave(string, scp.Attributes) error { return nil }

func (sink) Phrase(err error) string { return err.Error() }

func (sink) Commit() error { return nil }

func (sink) Abort() error { return nil }

// viaTFTP is no log-in: a stranger.
func viaTFTP(_ context.Context, h *house, w *wire) (mover, error) {
	return &tftpMover{c: new(tftp.Client), at: h.at("tftp"), wire: w}, nil
}

type tftpMover struct {
	c    *tftp.Client
	at   netip.AddrPort
	wire *wire
}

func (m *tftpMover) url(name string) tftp.URL {
	return tftp.URL{Host: m.at.Addr().String(), Port: int(m.at.Port()), Name: name}
}

// errBroken is why a stranger gives up.
var errBroken = errors.New("broken")

// broken reads and writes until the wire breaks.
type broken struct {
	io.Reader
	io.Writer
	wire *wire
}

func (b *broken) pass(n int) error {
	b.wire.moved += int64(n)
	if b.wire.limit >= 0 && b.wire.moved > b.wire.limit {
		return errBroken
	}
	return nil
}

func (b *broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	return n, cmp.Or(b.pass(n), err)
}

func (b *broken) Write(p []byte) (int, error) {
	if err := b.pass(len(p)); err != nil {
		return 0, err
	}
	return b.Writer.Write(p)
}

func (m *tftpMover) get(ctx context.Context, name string, w io.Writer) error {
	_, err := m.c.Get(ctx, m.url(name), &broken{Writer: w, wire: m.wire})
	return err
}

func (m *tftpMover) put(ctx context.Context, name string, r io.Reader, size int64) error {
	_, err := m.c.Put(ctx, m.url(name), &broken{Reader: r, wire: m.wire}, size)
	return err
}

func (m *tftpMover) close() { m.c.Close() }

// vanish asks for a file, takes its first block for an answer and says nothing more.
func vanish(h *house, name string) error {
	c, err := net.Dial("udp", h.at("tftp").String())
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("\x00\x01" + name + "\x00octet\x00blksize\x00" + strconv.Itoa(1024) + "\x00"))
	return err
}

// source gives the one file of a [scpMover].
type source struct {
	r    io.Reader
	size int64
}

func (s source) Stat(string) (scp.Info, error) {
	return scp.Info{Name: "file", Mode: 0o644, Size: s.size}, nil
}

func (s source) Open(string) (io.ReadCloser, error) { return io.NopCloser(s.r), nil }

func (source) List(string) iter.Seq2[scp.Info, error] { return nil }

func (source) Phrase(err error) string { return err.Error() }
