package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dray/ftp/ftpclient"
	"dray/internal/config"
	"dray/internal/daemon"
)

// announce prints, for each protocol and each address, the URL to use and the line to
// paste on a Cisco device, and what to do where a standard port was denied.
func announce(w io.Writer, cfg *config.Loaded, d *daemon.Daemon) {
	endpoints := d.Endpoints()
	fmt.Fprintf(w, "Serving %s %s\n", absolute(cfg.Dir), access(cfg.Serve))
	for _, h := range cfg.FTP.Hosts {
		if h.Dir != "" {
			fmt.Fprintf(w, "Serving %s to FTP clients that say HOST %s\n", absolute(h.Dir), h.Name)
		}
	}
	if len(cfg.Files) > 0 {
		fmt.Fprintf(w, "Settings from %s\n", strings.Join(cfg.Files, ", "))
	}
	for _, e := range endpoints {
		fmt.Fprintf(w, "\n%s\n", strings.ToUpper(e.Protocol))
		for _, addr := range reachable(e.Addr.Addr()) {
			line := fmt.Sprintf("  %-44s %s", baseURL(e, addr, cfg.Serve), ciscoCopy(e, addr, cfg.Serve))
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
	}
	if cert, ok := d.Certificate(); ok {
		fmt.Fprintf(w, "\nTLS certificate%s\n  SHA-256  %s\n  for dray --pin %s\n", selfSigned(cert), cert.Fingerprint, ftpclient.PinOf(cert.Leaf))
	}
	if keys := d.HostKeys(); keys != nil {
		fmt.Fprintf(w, "\nSSH host keys (compare them where a client asks)\n  %s\n", strings.Join(keys.Fingerprints(), "\n  "))
		if keys.Fresh {
			fmt.Fprintf(w, "%s\n", keys.Art())
		}
	} else if !cfg.SFTP.Port.Off() && !cfg.ServesSFTP() {
		fmt.Fprintf(w, "\nNo SFTP: it needs users, --user NAME:PASSWORD or dray user add NAME\n")
	}
	for _, e := range endpoints {
		switch {
		case e.Denied:
			fmt.Fprintf(w, "\n%s", deniedHint(e))
		case e.Taken:
			fmt.Fprintf(w, "\n%s is on port %d: another server has port %d.\n", strings.ToUpper(e.Protocol), e.Addr.Port(), e.Standard)
		}
	}
	if slices.ContainsFunc(endpoints, func(e daemon.Endpoint) bool { return e.Denied }) {
		fmt.Fprintf(w, "\nTo use the standard ports, stop this server and run:\n  %s\n", grantCommand())
	}
	fmt.Fprintf(w, "\nCtrl-C lets running transfers end; a second Ctrl-C cuts them.\n")
}

func selfSigned(c daemon.Certificate) string {
	if c.SelfSigned {
		return " (self-signed: compare it where a client asks)"
	}
	return ""
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

func access(cfg config.Serve) string {
	if len(cfg.Rules) > 0 {
		return accessByDefault(cfg) + " where no rule speaks"
	}
	return accessByDefault(cfg)
}

func accessByDefault(cfg config.Serve) string {
	users, tftp := cfg.Write && !cfg.AdmitsGuests(), cfg.TFTPWrites() != config.TFTPWriteOff && !cfg.TFTP.Port.Off()
	switch {
	case users && (tftp || cfg.TFTP.Port.Off()):
		return "read-write"
	case users:
		return "read-write for users, read-only over TFTP"
	case tftp && len(cfg.TFTP.WriteAllow) > 0:
		return "read-only over FTP, read-write over TFTP for some networks"
	case tftp:
		return "read-only over FTP, read-write for anyone over TFTP"
	}
	return "read-only"
}

// reachable returns addr, or every address of the machine when addr is unspecified: other
// hosts' view first, loopback and link-local addresses last.
func reachable(addr netip.Addr) []netip.Addr {
	if !addr.IsUnspecified() {
		return []netip.Addr{addr.Unmap()}
	}
	var all []netip.Addr
	interfaces, _ := net.Interfaces() // without the list, loopback below is what can be said
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				all = append(all, zoned(n.IP, i.Name))
			}
		}
	}
	all = slices.DeleteFunc(all, func(a netip.Addr) bool { return addr.Is4() && !a.Is4() })
	if len(all) == 0 {
		all = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	}
	slices.SortStableFunc(all, func(a, b netip.Addr) int { return distance(a) - distance(b) })
	return all
}

func zoned(ip net.IP, name string) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	a = a.Unmap()
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.WithZone(name)
	}
	return a
}

func distance(a netip.Addr) int {
	switch {
	case a.IsLoopback():
		return 2
	case a.IsLinkLocalUnicast():
		return 3
	case a.Is6():
		return 1
	}
	return 0
}

func baseURL(e daemon.Endpoint, addr netip.Addr, cfg config.Serve) string {
	scheme := e.Protocol
	if scheme == "ftp" && cfg.TLS.Mode == config.TLSRequired {
		scheme = "ftpes"
	}
	if scheme == "metrics" {
		return fmt.Sprintf("http://%s/metrics", urlHost(e, addr))
	}
	return fmt.Sprintf("%s://%s/", scheme, urlHost(e, addr))
}

// urlHost names the port only where it is not the standard one.
func urlHost(e daemon.Endpoint, addr netip.Addr) string {
	host := addr.String()
	if addr.Is6() {
		host = "[" + strings.Replace(host, "%", "%25", 1) + "]" // RFC 6874
	}
	if e.Addr.Port() != e.Standard {
		host = fmt.Sprintf("%s:%d", host, e.Addr.Port())
	}
	return host
}

// ciscoCopy is the line to paste. IOS takes a port in an FTP URL but asks port 69 for
// TFTP whatever the URL says.
func ciscoCopy(e daemon.Endpoint, addr netip.Addr, cfg config.Serve) string {
	switch {
	case addr.IsLoopback() || addr.Zone() != "" || e.Protocol == "ftps" || e.Protocol == "metrics": // IOS has no FTPS
		return ""
	case e.Protocol == "ftp" && cfg.TLS.Mode == config.TLSRequired:
		return "(Cisco devices have no FTP over TLS)"
	case e.Protocol == "tftp" && e.Addr.Port() != e.Standard:
		return fmt.Sprintf("(Cisco devices ask port %d only)", e.Standard)
	case e.Protocol == "ftp" && !cfg.AdmitsGuests():
		return fmt.Sprintf("copy ftp://%s:PASSWORD@%s/FILE flash:", someUser(cfg), urlHost(e, addr))
	case e.Protocol == "sftp" && !cfg.AdmitsGuests():
		return fmt.Sprintf("copy scp://%s@%s/FILE flash:", someUser(cfg), urlHost(e, addr))
	case e.Protocol == "sftp":
		return ""
	}
	return fmt.Sprintf("copy %s://%s/FILE flash:", e.Protocol, urlHost(e, addr))
}

// someUser stands for the users in a line to paste.
func someUser(cfg config.Serve) string {
	if len(cfg.Users) > 0 {
		return cfg.Users[0].Name
	}
	return "USER"
}

func deniedHint(e daemon.Endpoint) string {
	return fmt.Sprintf("%s is on port %d: port %d needs root or CAP_NET_BIND_SERVICE.\n",
		strings.ToUpper(e.Protocol), e.Addr.Port(), e.Standard)
}

// grantCommand is the one command that lets this user have the standard ports. A binary
// that `go run` made is gone afterwards, so there the right must go to the system.
func grantCommand() string {
	exe, err := os.Executable()
	if err != nil || strings.HasPrefix(exe, os.TempDir()) || strings.Contains(exe, "go-build") {
		return "sudo sysctl net.ipv4.ip_unprivileged_port_start=21   # for every user here, until the next boot"
	}
	return "sudo setcap cap_net_bind_service=+ep " + exe
}
