// Package reach connects to the terminal of a device by SSH or telnet, and reads inventories,
// which say where devices are. It types nothing.
package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/sshclient"
	"dray/internal/telnet"
)

// ErrConnect is a device that cannot be reached by telnet.
var ErrConnect = errors.New("cannot connect")

// The window that a device is told: wide, so that it does not fold long commands.
const (
	width  = 512
	height = 24
)

// SSH opens a terminal by SSH. The end of ctx ends it, also later.
func SSH(ctx context.Context, d *sshclient.Dialer, t sshclient.Target) (io.ReadWriteCloser, error) {
	c, err := d.Dial(ctx, t)
	if err != nil {
		return nil, err
	}
	x, err := shell(c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: the device gives no terminal: %w", sshclient.ErrHandshake, err), c.Close())
	}
	return x, nil
}

func shell(c *sshclient.Client) (*terminal, error) {
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	x := &terminal{client: c}
	if x.WriteCloser, err = s.StdinPipe(); err != nil {
		return nil, err
	}
	if x.Reader, err = s.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := s.RequestPty("vt100", height, width, ssh.TerminalModes{}); err != nil {
		return nil, err
	}
	return x, s.Shell()
}

// terminal is a shell of SSH.
type terminal struct {
	io.Reader
	io.WriteCloser
	client *sshclient.Client
}

// Close ends the connection, of which the terminal is the only use. One that the device has
// ended already is closed.
func (x *terminal) Close() error {
	_ = x.client.Close()
	return nil
}

// Telnet opens a terminal by telnet: nothing is hidden on the way, passwords included. The
// end of ctx ends it, also later.
func Telnet(ctx context.Context, addr string) (io.ReadWriteCloser, error) {
	const patience = 30 * time.Second
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return &line{telnet.Client(conn, width, height), conn}, nil
}

// TelnetThrough does the same through an SSH server, or several with commas between, which
// hide what goes as far as the last of them.
func TelnetThrough(ctx context.Context, d sshclient.Dialer, jump, addr string) (io.ReadWriteCloser, error) {
	hops := strings.Split(jump, ",")
	last := len(hops) - 1
	t, err := sshclient.ParseTarget(strings.TrimSpace(hops[last]))
	if err != nil {
		return nil, err
	}
	d.Jump, d.HostKey, d.Password = strings.Join(hops[:last], ","), "", "" // those are the device's
	c, err := d.Dial(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("jump host %s: %w", t.Host, err)
	}
	conn, err := c.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s from %s: %w", ErrConnect, addr, t.Host, err), c.Close())
	}
	return &line{telnet.Client(conn, width, height), c}, nil
}

// line is a telnet connection, and what it goes through.
type line struct {
	io.ReadWriter
	through io.Closer
}

// Close closes a connection that may be closed already.
func (l *line) Close() error {
	_ = l.through.Close()
	return nil
}

// Fingerprint is how ssh-keygen writes the hash of a key that is in the form of known_hosts.
func Fingerprint(key string) (string, error) {
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		return "", fmt.Errorf("%q is no key of the form \"ssh-ed25519 AAAA…\"", strings.TrimSpace(key))
	}
	return ssh.FingerprintSHA256(k), nil
}
