package ftpserver

import (
	"context"
	"strings"
	"testing"
)

// byHost is a backend that admits a user to the hosts that are in the password.
type byHost struct{ conn *Conn }

func (byHost) NewSession(_ context.Context, c *Conn) (Session, error) { return byHost{c}, nil }

func (b byHost) Login(_ context.Context, _, password string) (FS, error) {
	if strings.Contains(password, "<"+b.conn.Host()+">") {
		return newMemory(), nil
	}
	return nil, ErrLogin
}

func (byHost) Close() error { return nil }

// TestLoginKnowsTheHost: what HOST said holds for every log-in until REIN.
func TestLoginKnowsTheHost(t *testing.T) {
	p := &player{t: t, server: &Server{Backend: byHost{}, LoginDelay: -1}, address: "127.0.0.1:0"}
	got := p.play("<\n> USER a\n<\n> PASS <>\n<\n" +
		"> REIN\n<\n> HOST B.example.com\n<\n> USER a\n<\n> PASS <>\n<\n> USER a\n<\n> PASS <b.example.com>\n<\n" +
		"> USER b\n<\n> PASS <b.example.com>\n<\n> REIN\n<\n> USER a\n<\n> PASS <>\n<")
	var codes []string
	for line := range strings.Lines(got) {
		if code, ok := strings.CutPrefix(line, "< "); ok {
			codes = append(codes, code[:3])
		}
	}
	want := "220 331 230 220 220 331 530 331 230 331 230 220 331 230"
	if strings.Join(codes, " ") != want {
		t.Errorf("replied %s; want %s", strings.Join(codes, " "), want)
	}
}

func TestParseHost(t *testing.T) {
	for _, tt := range []struct{ arg, want string }{
		{"example.com", "example.com"}, {"A-1.b_2", "a-1.b_2"}, {"192.0.2.1", "192.0.2.1"}, {"[2001:DB8::0]", "2001:db8::"},
		{"xn--gre-6ka8i.de", "xn--gre-6ka8i.de"}, {strings.Repeat("a", 63), strings.Repeat("a", 63)},
		{"", ""}, {".", ""}, {"a.", ""}, {"a b", ""}, {"a/b", ""}, {"[]", ""}, {"[::1]x", ""}, {"[fe80::1%eth0]", ""},
		{strings.Repeat("a", 64), ""}, {strings.Repeat("a.", 130) + "a", ""},
	} {
		got, ok := parseHost(tt.arg)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("parseHost(%q) = %q, %v; want %q", tt.arg, got, ok, tt.want)
		}
	}
}
