package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestPassiveAddress(t *testing.T) {
	for in, ok := range map[string]bool{
		"192.0.2.1": true, "ftp.example.net": true, "10.0.0.0/8=192.0.2.1": true, "2001:db8::/32=nas": true, "10.0.0.1=nas.": true,
		"2001:db8::1": false, "0.0.0.0": false, "192.0.2": false, "192.0.2.256": false, "a..b": false, "-a": false, "": false, "10.0.0.1/8=nas": false, "10.0.0.0/8=": false, "=nas": false, "nas=10.0.0.0/8": false,
	} {
		var l passiveAddresses
		if err := l.Set(in); (err == nil) != ok || ok && strings.Replace(l.String(), "/32=nas.", "=nas.", 1) != in {
			t.Errorf("Set(%q) = %v, %s", in, err, l.String())
		}
	}
}

func TestUsers(t *testing.T) {
	var u Users
	for in, ok := range map[string]bool{"amy:s3:cret": true, "amy": false, ":x": false, "amy:": false, "a\nb:c": false} {
		if err := u.Set(in); (err == nil) != ok {
			t.Errorf("Set(%q) = %v", in, err)
		}
	}
	if len(u) != 1 || u[0].Name != "amy" || u[0].Password != "s3:cret" {
		t.Fatalf("got %d users", len(u))
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(verb, u); strings.Contains(s, "cret") {
			t.Errorf("%s shows the password: %s", verb, s)
		}
	}
}

func TestCheck(t *testing.T) {
	off := portOf("off")
	ten := netip.MustParsePrefix("10.0.0.0/8")
	for name, s := range map[string]Serve{
		"nothing to serve": {FTP: FTP{Port: off}, TFTP: TFTP{Port: off}},
		"twice":            {Users: []User{{Name: "a", Password: "x"}, {Name: "a", Password: "y"}}},
		"ftps.port needs":  {FTPS: FTPS{portOf("990")}, TLS: TLS{Mode: TLSOff}},
		"tls.cert needs":   {TLS: TLS{Mode: TLSOff, CertFile: "x"}},
		"tls.client-ca":    {TLS: TLS{Mode: TLSOff, ClientCAs: "x"}},
		"tls.key needs":    {TLS: TLS{KeyFile: "x"}},
		"for every client": {FTP: FTP{PassiveAddresses: []PassiveAddress{{Host: "a"}, {Host: "b"}}}},
		"for 10.0.0.0/8":   {FTP: FTP{PassiveAddresses: []PassiveAddress{{ten, "a"}, {Host: "b"}, {ten, "c"}}}},
		"has h twice":      {FTP: FTP{Hosts: []Host{{Name: "h"}, {Name: "h"}}}},
		"a key for h":      {FTP: FTP{Hosts: []Host{{Name: "h", KeyFile: "k"}}}},
		"certificate for":  {FTP: FTP{Hosts: []Host{{Name: "h", CertFile: "k"}}}, TLS: TLS{Mode: TLSOff}},
		"has ::/0, and":    {Proxy: Proxy{Networks: []netip.Prefix{ten, netip.MustParsePrefix("::/0")}}},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Check() = %v; want %q", err, name)
		}
	}
	if err := (&Serve{FTP: FTP{Port: off}, Users: []User{{Name: "a", Password: "x"}, {Name: "b", Password: "x"}}}).Check(); err != nil {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	var m TLSMode
	var b TLSBinding
	for _, c := range []struct {
		set func(string) error
		get func() string
		yes []string
	}{
		{m.Set, m.String, []string{"off", "optional", "required"}},
		{b.Set, b.String, []string{"off", "log", "require"}},
	} {
		for _, word := range c.yes {
			if err := c.set(word); err != nil || c.get() != word {
				t.Errorf("Set(%q): %v, %q", word, err, c.get())
			}
		}
		if err := c.set("maybe"); err == nil || !strings.Contains(err.Error(), c.yes[2]) {
			t.Errorf("Set(maybe): %v", err)
		}
	}
}

func TestSFTP(t *testing.T) {
	port := portOf("2022")
	key := AuthorizedKeys{User: "amy", File: "x"}
	for name, s := range map[string]Serve{
		"needs users":       {SFTP: SFTP{Port: port}},
		"without a passw":   {Users: []User{{Name: "a"}}},
		"nothing to serve":  {FTP: FTP{Port: portOf("off")}, TFTP: TFTP{Port: portOf("off")}},
		"needs users, sinc": {SFTP: SFTP{Port: port, AuthorizedKeys: []AuthorizedKeys{{File: "x"}}}},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Check() = %v; want %q", err, name)
		}
	}
	for _, s := range []Serve{
		{SFTP: SFTP{Port: port, AuthorizedKeys: []AuthorizedKeys{key}}},
		{SFTP: SFTP{Port: port}, Users: []User{{Name: "a", Keys: []string{"ssh-ed25519 AAAA"}}}},
	} {
		if err := s.Check(); err != nil || !s.ServesSFTP() {
			t.Errorf("%+v: %v", s.SFTP, err)
		}
	}
	if (&Serve{}).ServesSFTP() || (&Serve{Users: []User{{Name: "a"}}, SFTP: SFTP{Port: portOf("off")}}).ServesSFTP() {
		t.Error("SFTP without users, or where it is off")
	}
	var l authorizedKeys
	for in, ok := range map[string]bool{"keys": true, "amy=keys": true, "": false, "=keys": false, "amy=": false, "a\nb": false} {
		if err := l.Set(in); (err == nil) != ok {
			t.Errorf("Set(%q) = %v", in, err)
		}
	}
}

// portOf is a port as it is written.
func portOf(s string) (p Port) {
	if err := p.Set(s); err != nil {
		panic(err)
	}
	return p
}
