package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"dray/internal/config"
)

// Endpoint is one protocol on the address and port where it is served.
type Endpoint struct {
	Protocol string         // "ftp", "tftp"
	Addr     netip.AddrPort // an unspecified address stands for every address of the machine
	Standard uint16         // the port where devices look for the protocol
	Denied   bool           // the standard port was refused for want of the privilege
	Taken    bool           // another server has the standard port
}

// service says where a protocol lives: on its standard port, or on the port that anyone
// may bind.
type service struct {
	protocol string
	standard uint16
	fallback uint16
	yields   bool // to another server on the standard port
}

// The services. An unprivileged server is found where those of others are.
// Many machines have an SSH server of their own.
func ftpService() service  { return service{protocol: "ftp", standard: 21, fallback: 2121} }
func ftpsService() service { return service{protocol: "ftps", standard: 990, fallback: 2990} }
func tftpService() service { return service{protocol: "tftp", standard: 69, fallback: 6969} }
func sftpService() service {
	return service{protocol: "sftp", standard: 22, fallback: 2022, yields: true}
}

// bind calls listen with the port that was asked for. If none was, it tries the standard
// port, and the fallback where the kernel refuses that one.
func (s service) bind(asked config.Port, listen func(port uint16) (net.Addr, error)) (Endpoint, error) {
	port, said := asked.Number()
	if !said {
		port = s.standard
	}
	addr, err := listen(port)
	denied := errors.Is(err, fs.ErrPermission)
	taken := s.yields && errors.Is(err, syscall.EADDRINUSE)
	if (denied || taken) && !said {
		addr, err = listen(s.fallback)
	}
	if err != nil {
		return Endpoint{}, s.explain(err)
	}
	return Endpoint{Protocol: s.protocol, Addr: addrPort(addr), Standard: s.standard, Denied: denied, Taken: taken}, nil
}

// explain says what to do about a port that cannot be had.
func (s service) explain(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s: %w: stop the other server, or choose a port with --%[1]s PORT", s.protocol, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w: ports below 1024 need root or CAP_NET_BIND_SERVICE", s.protocol, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s: %w: --listen wants an address of this machine", s.protocol, err)
	}
	return fmt.Errorf("%s: %w", s.protocol, err)
}

func listenTCP(host string, to *net.Listener) func(uint16) (net.Addr, error) {
	return func(port uint16) (net.Addr, error) {
		l, err := net.Listen("tcp"+family(host), join(host, port))
		if err != nil {
			return nil, err
		}
		*to = l
		return l.Addr(), nil
	}
}

func listenUDP(host string, to **net.UDPConn) func(uint16) (net.Addr, error) {
	return func(port uint16) (net.Addr, error) {
		c, err := net.ListenPacket("udp"+family(host), join(host, port))
		if err != nil {
			return nil, err
		}
		*to = c.(*net.UDPConn)
		return c.LocalAddr(), nil
	}
}

// family restricts 0.0.0.0 and :: to the family that was written; "" means both.
func family(host string) string {
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return ""
	case addr.Is4():
		return "4"
	}
	return "6"
}

func join(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort()
	case *net.UDPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
