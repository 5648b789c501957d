package tftpd_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tree"
	"dray/tftp"
)

func pattern(t *testing.T, text string) *tftpd.Pattern {
	t.Helper()
	return patterns(t, text)[0]
}

func content(text string) *template.Template { return template.Must(template.New("").Parse(text)) }

// provisioned is a server of a network with zero-touch provisioning.
func provisioned(t *testing.T, all ...tftpd.Provision) *tftpd.Handler {
	t.Helper()
	p := tftpd.Policy{Provisions: all, Hosts: []tftpd.Host{{Name: "core1", IP: netip.MustParseAddr("192.0.2.1")}}}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return &tftpd.Handler{
		Trees: &tree.Trees{Files: store(t, "/network-confg", "/default.cfg", "/core1.cfg", "/sub/x.cfg"), Rules: policy.ReadOnly}, Policy: p, Neighbours: neighbours,
	}
}

func TestTemplates(t *testing.T) {
	h := provisioned(t,
		tftpd.Provision{Match: pattern(t, "network-confg"), Template: content("hostname {{.Hostname}}\nip {{.IP}} {{.IP.Hex}} {{.Server}}\n" +
			"mac {{.MAC}} {{.MAC.Colons}} {{.MAC.Dots}} {{.MAC.Plain}} {{.MAC.Upper.Colons}}\n")},
		tftpd.Provision{Match: pattern(t, "{{.MAC}}.cfg"), Template: content("for {{.Name}}")},
		tftpd.Provision{Match: pattern(t, "pxelinux.cfg/{{.IP.Hex}}"), Template: content("{{if .MAC}}known{{else}}far{{end}}")},
		tftpd.Provision{Match: pattern(t, "*.large"), Template: content(`{{range 100}}xxxxxxxxxx{{end}}`), MaxSize: 999},
		tftpd.Provision{Match: pattern(t, "*.broken"), Template: content(`{{index "" 1}}`)},
	)
	for _, c := range []struct{ from, name, want string }{
		{"192.0.2.1", "network-confg", "hostname core1\nip 192.0.2.1 C0000201 192.0.2.254\n" +
			"mac 00-11-22-aa-bb-01 00:11:22:aa:bb:01 0011.22aa.bb01 001122aabb01 00:11:22:AA:BB:01\n"},
		{"192.0.2.1", "/network-confg", "hostname core1\nip 192.0.2.1 C0000201 192.0.2.254\n" +
			"mac 00-11-22-aa-bb-01 00:11:22:aa:bb:01 0011.22aa.bb01 001122aabb01 00:11:22:AA:BB:01\n"},
		{"192.0.2.1", "00-11-22-aa-bb-01.cfg", "for 00-11-22-aa-bb-01.cfg"},
		{"192.0.2.2", "00-11-22-aa-bb-01.cfg", "! not found"}, // of another client
		{"198.51.100.1", ".cfg", "! not found"},
		{"192.0.2.1", `pxelinux.cfg\C0000201`, "known"},
		{"198.51.100.1", "pxelinux.cfg/C6336401", "far"},
		{"192.0.2.1", "x.large", "! failed"},
		{"192.0.2.1", "x.broken", "! failed"},
		{"192.0.2.1", "sub/x.large", "! not found"}, // a star does not cross a slash
		{"192.0.2.1", "default.cfg", "/default.cfg"},
	} {
		if got := (client{t, h, c.from}).get(c.name); got != c.want {
			t.Errorf("%s gets %q as %q; want %q", c.from, got, c.name, c.want)
		}
	}
}

// TestTry: a client gets the first of the files that there is.
func TestTry(t *testing.T) {
	h := provisioned(t,
		tftpd.Provision{Match: pattern(t, "*.cfg"), Try: patterns(t, "{{.Hostname}}.cfg", "sub/{{.Name}}", "default.cfg")},
		tftpd.Provision{Match: pattern(t, "*.none"), Try: patterns(t, "none")},
		tftpd.Provision{Match: pattern(t, "x.none"), Try: patterns(t, "/default.cfg")},
	)
	for _, c := range []struct{ from, name, want string }{
		{"192.0.2.1", "router.cfg", "/core1.cfg"},
		{"192.0.2.2", "router.cfg", "/default.cfg"},
		{"192.0.2.2", "x.cfg", "/sub/x.cfg"},
		{"192.0.2.2", "y.none", "! not found"},
		{"192.0.2.2", "x.none", "/default.cfg"},
		{"192.0.2.2", "network-confg", "/network-confg"},
	} {
		if got := (client{t, h, c.from}).get(c.name); got != c.want {
			t.Errorf("%s gets %q as %q; want %q", c.from, got, c.name, c.want)
		}
	}
}

// script writes a program.
func script(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPrograms(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("this system has no /bin/sh")
	}
	t.Setenv("SECRET", "of the server")
	h := provisioned(t,
		tftpd.Provision{Match: pattern(t, "facts"), Program: []string{script(t,
			`echo "$TFTP_NAME $TFTP_IP $TFTP_MAC $TFTP_HOSTNAME $TFTP_SERVER [$SECRET] $1"; cat`), "a b; $(c)"}},
		tftpd.Provision{Match: pattern(t, "network-confg"), Program: []string{script(t, "exit 1")}},
		tftpd.Provision{Match: pattern(t, "broken"), Program: []string{script(t, "echo why >&2; exit 2")}},
		tftpd.Provision{Match: pattern(t, "large"), Program: []string{script(t, "while echo xxxxxxxxxx; do :; done")}, MaxSize: 4096},
		tftpd.Provision{Match: pattern(t, "hangs"), Program: []string{script(t, "sleep 3600 & wait")}, Timeout: time.Millisecond},
		tftpd.Provision{Match: pattern(t, "absent"), Program: []string{"/no/such/program"}},
	)
	var s sink
	h.Events = &s
	who := client{t, h, "192.0.2.1"}
	for _, c := range []struct{ name, want, log string }{
		{"facts", "facts 192.0.2.1 00-11-22-aa-bb-01 core1 192.0.2.254 [] a b; $(c)\n", ""},
		{"network-confg", "/network-confg", ""}, // exit code 1 leaves it to the file
		{"broken", "! failed", "exit status 2, why"},
		{"large", "! failed", "larger than 4096 octets: raise max-size"},
		{"hangs", "! failed", "it did not end within 1ms"},
		{"absent", "! failed", "/no/such/program failed"},
	} {
		if got := who.get(c.name); got != c.want {
			t.Errorf("%s gives %q; want %q", c.name, got, c.want)
		}
		_, _, err := h.ReadFile(t.Context(), who.request(c.name, false))
		if c.log != "" && (err == nil || !strings.Contains(err.Error(), c.log)) {
			t.Errorf("%s: the log says %v; want %s", c.name, err, c.log)
		}
	}
}

// TestProgramsAtOnce: one more than may run waits for a place, and not for ever.
func TestProgramsAtOnce(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("this system has no /bin/sh")
	}
	fifo := filepath.Join(t.TempDir(), "started")
	ok(t, exec.Command("mkfifo", fifo).Run())
	h := provisioned(t,
		tftpd.Provision{Match: pattern(t, "slow"), Program: []string{script(t, "echo x >"+fifo+"; exec sleep 3600")}, Timeout: time.Hour},
		tftpd.Provision{Match: pattern(t, "quick"), Program: []string{script(t, "echo x")}, Timeout: 50 * time.Millisecond},
	)
	h.MaxPrograms = 1
	slow, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, _, err := h.ReadFile(slow, client{t, h, "192.0.2.1"}.request("slow", false))
		ended <- err
	}()
	_, err := os.ReadFile(fifo) // until it runs
	ok(t, err)
	_, _, err = h.ReadFile(t.Context(), client{t, h, "192.0.2.2"}.request("quick", false))
	if err == nil || !strings.Contains(err.Error(), "1 programs run already") {
		t.Errorf("the second program: %v", err)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("a program outlives its transfer")
	}
}

func TestPatternsThatAreWrong(t *testing.T) {
	for _, text := range []string{"{{.Nope}}", "{{", "{{.MAC.Nope}}", "{{.Hostname | nope}}"} {
		if _, err := tftpd.ParsePattern(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	for _, p := range []tftpd.Policy{
		{Provisions: []tftpd.Provision{{Match: pattern(t, "x")}}},
		{Provisions: []tftpd.Provision{{Match: pattern(t, "x"), Try: patterns(t, "y"), Program: []string{"z"}}}},
		{Provisions: []tftpd.Provision{{Try: patterns(t, "y")}}},
		{Provisions: []tftpd.Provision{{Match: pattern(t, "[x"), Try: patterns(t, "y")}}},
		{Hosts: []tftpd.Host{{Name: "../x", IP: netip.MustParseAddr("192.0.2.1")}}},
		{Hosts: []tftpd.Host{{Name: "..", IP: netip.MustParseAddr("192.0.2.1")}}},
		{Hosts: []tftpd.Host{{Name: "x"}}},
		{Read: tftpd.Access{Allow: prefixes("192.0.2.0/24"), Deny: prefixes("192.0.2.0/24")}},
	} {
		if err := p.Check(); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}

func TestNeedsNeighbours(t *testing.T) {
	for _, c := range []struct {
		p    tftpd.Policy
		want bool
	}{
		{tftpd.Policy{}, false},
		{tftpd.Policy{ClientFolders: patterns(t, "{{.IP}}", "{{.Hostname}}")}, false},
		{tftpd.Policy{ClientFolders: patterns(t, "{{.MAC.Plain}}")}, true},
		{tftpd.Policy{Provisions: []tftpd.Provision{{Match: pattern(t, "x"), Try: patterns(t, "y{{.IP}}")}}}, false},
		{tftpd.Policy{Provisions: []tftpd.Provision{{Match: pattern(t, "{{.MAC}}"), Try: patterns(t, "y")}}}, true},
		{tftpd.Policy{Provisions: []tftpd.Provision{{Match: pattern(t, "x"), Try: patterns(t, "y{{.MAC}}")}}}, true},
		{tftpd.Policy{Hosts: []tftpd.Host{{Name: "x", MAC: net.HardwareAddr{1, 2, 3, 4, 5, 6}}}}, true},
	} {
		if got := c.p.NeedsNeighbours(); got != c.want {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}

// TestEventsTellWhatWasServed: the path that came of the name, and what was asked for.
func TestEventsTellWhatWasServed(t *testing.T) {
	var s sink
	h := provisioned(t,
		tftpd.Provision{Match: pattern(t, "router-confg"), Try: patterns(t, "default.cfg")},
		tftpd.Provision{Match: pattern(t, "made"), Template: content("x")},
	)
	h.Events = &s
	who := client{t, h, "192.0.2.1"}
	for name, want := range map[string]event.Transfer{
		"router-confg": {Path: "/default.cfg", Detail: `octet, asked for as "router-confg"`},
		"made":         {Path: "/made", Detail: "octet, made by the template for made"},
		"default.cfg":  {Path: "/default.cfg", Detail: "octet"},
	} {
		r := who.request(name, false)
		rd, _, err := h.ReadFile(t.Context(), r)
		ok(t, err)
		ok(t, rd.Close())
		h.Transferred(r, tftp.Transfer{})
		if s.last.Path != want.Path || s.last.Detail != want.Detail {
			t.Errorf("%s: %q, %q; want %q, %q", name, s.last.Path, s.last.Detail, want.Path, want.Detail)
		}
	}
}
