package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"dray/internal/config"
)

// Handed are sockets that a service manager has bound, by protocol: "ftp", "ftps", "sftp",
// "tftp". Who has them needs no privilege for the ports.
type Handed map[string]*os.File

// HandedNames are the names that sockets may have.
func HandedNames() []string { return []string{"ftp", "ftps", "sftp", "tftp"} }

// listenTCP gives a protocol its port, unless it was handed over.
func (d *Daemon) listenTCP(s service, asked config.Port, host string) (net.Listener, Endpoint, error) {
	var l net.Listener
	if f := d.handed[s.protocol]; f != nil {
		l, err := net.FileListener(f)
		if err != nil {
			return nil, Endpoint{}, fmt.Errorf("the socket that was handed over for %s: %w", s.protocol, err)
		}
		if _, ok := l.(*net.TCPListener); !ok {
			return nil, Endpoint{}, errors.Join(fmt.Errorf("the socket that was handed over for %s is not one of TCP", s.protocol), l.Close())
		}
		return d.feel(s, l), Endpoint{Protocol: s.protocol, Addr: addrPort(l.Addr()), Standard: s.standard}, nil
	}
	at, err := s.bind(asked, listenTCP(host, &l))
	if err != nil {
		return nil, at, err
	}
	return d.feel(s, l), at, nil
}

// feel watches whether the connections of l are accepted.
func (d *Daemon) feel(s service, l net.Listener) net.Listener {
	if d.proxies != nil {
		l = d.proxies.Listen(l)
	}
	p := &pulse{Listener: l, protocol: s.protocol}
	d.pulses = append(d.pulses, p)
	return p
}

// listenUDP does so for a protocol over UDP.
func (d *Daemon) listenUDP(s service, asked config.Port, host string) (*net.UDPConn, Endpoint, error) {
	var c *net.UDPConn
	if f := d.handed[s.protocol]; f != nil {
		any, err := net.FilePacketConn(f)
		if err != nil {
			return nil, Endpoint{}, fmt.Errorf("the socket that was handed over for %s: %w", s.protocol, err)
		}
		c, ok := any.(*net.UDPConn)
		if !ok {
			return nil, Endpoint{}, errors.Join(fmt.Errorf("the socket that was handed over for %s is not one of UDP", s.protocol), any.Close())
		}
		return c, Endpoint{Protocol: s.protocol, Addr: addrPort(c.LocalAddr()), Standard: s.standard}, nil
	}
	at, err := s.bind(asked, listenUDP(host, &c))
	return c, at, err
}

// pulse is a listener that tells whether somebody still accepts its connections.
type pulse struct {
	net.Listener
	protocol string
	taken    atomic.Int64 // when the last connection was, in nanoseconds; 0 while somebody waits for one
}

// Accept implements [net.Listener].
func (p *pulse) Accept() (net.Conn, error) {
	p.taken.Store(0)
	c, err := p.Listener.Accept()
	p.taken.Store(time.Now().UnixNano())
	return c, err
}

// Stuck returns the protocol of a port on which nobody has waited for the next connection
// for so long since the last, "" if there is none. It is for a watchdog.
func (d *Daemon) Stuck(long time.Duration) string {
	for _, p := range d.pulses {
		if taken := p.taken.Load(); taken != 0 && time.Since(time.Unix(0, taken)) > long {
			return p.protocol
		}
	}
	return ""
}
