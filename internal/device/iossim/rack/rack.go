// Package rack puts simulated devices on the network: each answers SSH and telnet on ports
// of its own, pulls files by its own link, and goes away while it reloads.
package rack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/device/iossim"
	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/link"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/pause"
)

// Off is a port that is not served.
const Off = -1

// Config is a rack to be.
type Config struct {
	Listen     netip.Addr // where the devices answer
	SSHPort    int        // of the first device, the others count on; 0 takes free ports; Off
	TelnetPort int        // the same
	TFTPPort   int        // where the devices ask TFTP servers; 0 means 69
	Speed      float64    // how much faster than real ones they boot; 0 means 1
	Devices    []Device
}

// Device is one device of a rack.
type Device struct {
	Name     string // its host name
	Model    model.Model
	Version  string // "" is that of the model
	Address  netip.Addr
	User     string
	Password string
	Enable   string
	OldSSH   bool // it offers the algorithms of old IOS only

	FlashSize int64
	Class     *flash.Class
	Files     []boot.File
	Lines     []string // of its configuration

	Faults iossim.Faults
	Link   link.Faults
}

// Endpoint is where a device is to be found. An address that is not valid is not served.
type Endpoint struct {
	Device  Device
	SSH     netip.AddrPort
	Telnet  netip.AddrPort
	HostKey string // of SSH, as known_hosts has it
}

// Rack is devices that listen.
type Rack struct {
	slots []*slot
}

// slot is a device and its sockets.
type slot struct {
	endpoint Endpoint
	device   *iossim.Device
	ssh      *net.TCPListener // nil if off
	telnet   *net.TCPListener // nil if off
	config   *ssh.ServerConfig
	room     chan struct{} // has one for each connection
}

// maxConnections is how many connections a device takes at once.
const maxConnections = 32

// Bind makes the devices and takes their ports.
func Bind(cfg Config) (*Rack, error) {
	if len(cfg.Devices) == 0 {
		return nil, errors.New("rack: no devices")
	}
	r := new(Rack)
	for i, d := range cfg.Devices {
		s, err := newSlot(cfg, d, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("device %d, %s: %w", i+1, d.Name, err), r.Close())
		}
		r.slots = append(r.slots, s)
	}
	return r, nil
}

func newSlot(cfg Config, d Device, i int) (s *slot, err error) {
	s = &slot{endpoint: Endpoint{Device: d}, room: make(chan struct{}, maxConnections)}
	listen := func(port int) (*net.TCPListener, netip.AddrPort, error) {
		if port == Off {
			return nil, netip.AddrPort{}, nil
		}
		if port > 0 {
			port += i
		}
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: cfg.Listen.AsSlice(), Port: port})
		if err != nil {
			return nil, netip.AddrPort{}, err
		}
		return l, l.Addr().(*net.TCPAddr).AddrPort(), nil
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.ssh, s.endpoint.SSH, err = listen(cfg.SSHPort); err != nil {
		return nil, err
	}
	if s.telnet, s.endpoint.Telnet, err = listen(cfg.TelnetPort); err != nil {
		return nil, err
	}
	serve := netip.AddrPortFrom(cfg.Listen, s.endpoint.Telnet.Port())
	s.device, err = iossim.New(iossim.Settings{
		Model: d.Model, Version: d.Version, Hostname: d.Name, Address: d.Address, User: d.User, Password: d.Password, Enable: d.Enable,
		FlashSize: d.FlashSize, Class: d.Class, Files: d.Files, Lines: d.Lines, Speed: cfg.Speed, Faults: d.Faults,
		Transfers: &link.Link{TFTPPort: cfg.TFTPPort, Serve: serve, Faults: d.Link},
	})
	if err != nil {
		return nil, err
	}
	return s, s.keys()
}

// keys makes the key of the device, and says who may come in.
func (s *slot) keys() error {
	key, err := s.newKey()
	if err != nil {
		return fmt.Errorf("rack: %w", err)
	}
	s.endpoint.HostKey = string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	s.config = s.serverConfig()
	s.config.AddHostKey(key)
	return nil
}

// newKey makes a key; that of an old device signs with SHA-1 only.
func (s *slot) newKey() (ssh.Signer, error) {
	if !s.endpoint.Device.OldSSH {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return ssh.NewSignerFromSigner(private)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("the key cannot choose how it signs")
	}
	return ssh.NewSignerWithAlgorithms(signer, []string{ssh.KeyAlgoRSA})
}

// Endpoints returns where the devices are, in their order.
func (r *Rack) Endpoints() (all []Endpoint) {
	for _, s := range r.slots {
		all = append(all, s.endpoint)
	}
	return all
}

// Console lets somebody work at the console of a device, from 0, until he hangs up.
func (r *Rack) Console(ctx context.Context, n int, rw io.ReadWriteCloser) error {
	return r.slots[n].device.Serve(ctx, rw, iossim.Access{Console: true})
}

// Run serves the devices until ctx ends. Then it closes everything, and waits for it.
func (r *Rack) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, 2*len(r.slots))
	for _, s := range r.slots {
		for l, serve := range map[*net.TCPListener]func(context.Context, net.Conn){s.ssh: s.serveSSH, s.telnet: s.serveTelnet} {
			if l == nil {
				continue
			}
			wg.Go(func() {
				defer cancel()
				errs <- s.accept(ctx, l, &wg, serve)
			})
		}
	}
	<-ctx.Done()
	err := r.Close()
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// accept takes connections while the device is up; while it is down, nobody is there.
func (s *slot) accept(ctx context.Context, l *net.TCPListener, wg *sync.WaitGroup, serve func(context.Context, net.Conn)) error {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed) && ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("rack: %w", err)
		case err != nil: // such as one that had hung up already, or too many open files
			if pause.For(ctx, 50*time.Millisecond) != nil {
				return nil
			}
			continue
		}
		select {
		case s.room <- struct{}{}:
		default:
			s.slam(conn)
			continue
		}
		if !s.device.Up() {
			s.slam(conn)
			<-s.room
			continue
		}
		wg.Go(func() {
			defer func() { <-s.room }()
			defer conn.Close()
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(s.device.Life(), cancel)()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			serve(ctx, conn)
		})
	}
}

// slam resets a connection, as a host does where nobody listens.
func (s *slot) slam(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	conn.Close()
}

// Close takes the devices down. It may be called more than once.
func (r *Rack) Close() error {
	for _, s := range r.slots {
		s.close()
	}
	return nil
}

func (s *slot) close() {
	for _, l := range []*net.TCPListener{s.ssh, s.telnet} {
		if l != nil {
			l.Close()
		}
	}
	if s.device != nil {
		s.device.Close()
	}
}
