package judges

import (
	"encoding/xml"
	"net"
	"strings"
	"testing"
)

// TestNmap: nmap's scripts for FTP find the guest's login, and no way to make the server
// connect to another host (the FTP bounce of RFC 2577, section 3).
func TestNmap(t *testing.T) {
	addr := serve(t, "ftp", "--ftp", "0", "--tftp", "off")
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	found := said(t, tool(t, "nmap", "-v", "-Pn", "-n", "-p", port, "--script", "+ftp-anon,+ftp-bounce",
		"--script-args", "ftp-bounce.checkhost=127.0.0.2", host))
	for _, want := range []string{"ftp-anon: Anonymous FTP login allowed", "] PORT response: 504 "} {
		if !strings.Contains(found, want) {
			t.Errorf("nmap does not say %q, but\n%s", want, found)
		}
	}
}

// TestALPN: OpenSSL's client. A TLS connection that was meant for a web server, and led
// here by an attacker, fails (the ALPACA attack).
func TestALPN(t *testing.T) {
	addr := startDray("ftp")(t)
	for protocol, want := range map[string]string{
		"ftp":      "ALPN protocol: ftp",
		"http/1.1": "alert no application protocol",
	} {
		got := said(t, tool(t, "openssl", "s_client", "-starttls", "ftp", "-connect", addr, "-alpn", protocol))
		if !strings.Contains(got, want) {
			t.Errorf("s_client -alpn %s does not say %q, but\n%s", protocol, want, got)
		}
	}
}

// TestSSLScan: sslscan tries every version and cipher that there ever was.
func TestSSLScan(t *testing.T) {
	out, err := tool(t, "sslscan", "--starttls-ftp", "--xml=-", startDray("ftp")(t)).Output()
	must(t, err)
	var scan struct {
		Protocols []struct {
			Type    string `xml:"type,attr"`
			Version string `xml:"version,attr"`
			Enabled string `xml:"enabled,attr"`
		} `xml:"ssltest>protocol"`
		Heartbleeds []struct {
			Vulnerable string `xml:"vulnerable,attr"`
		} `xml:"ssltest>heartbleed"`
		Ciphers []struct {
			Name     string `xml:"cipher,attr"`
			Strength string `xml:"strength,attr"`
		} `xml:"ssltest>cipher"`
	}
	must(t, xml.Unmarshal(out, &scan))

	var spoken []string
	for _, p := range scan.Protocols {
		if p.Enabled == "1" {
			spoken = append(spoken, p.Type+" "+p.Version)
		}
	}
	if got := strings.Join(spoken, ", "); len(scan.Protocols) != 6 || got != "tls 1.2, tls 1.3" {
		t.Errorf("of 6 versions, sslscan tried %d and found %s; want TLS 1.2 and 1.3", len(scan.Protocols), got)
	}
	if len(scan.Ciphers) == 0 || len(scan.Heartbleeds) == 0 {
		t.Errorf("sslscan found no ciphers, or did not try Heartbleed:\n%s", out)
	}
	for _, c := range scan.Ciphers {
		// "acceptable" is what sslscan calls all of TLS 1.3, and CBC with SHA-1 in TLS 1.2.
		if c.Strength != "strong" && c.Strength != "acceptable" || !forwardSecret(c.Name) {
			t.Errorf("cipher %s is %s", c.Name, c.Strength)
		}
	}
	for _, h := range scan.Heartbleeds {
		if h.Vulnerable != "0" {
			t.Error("sslscan says Heartbleed")
		}
	}
}

// forwardSecret reports whether a key that leaks later opens nothing that was recorded.
func forwardSecret(cipher string) bool {
	return strings.HasPrefix(cipher, "TLS_") || strings.HasPrefix(cipher, "ECDHE-") // all of TLS 1.3, some of TLS 1.2
}
