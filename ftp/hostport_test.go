package ftp

import (
	"errors"
	"net/netip"
	"testing"
)

func TestHostPort(t *testing.T) {
	tests := []struct{ text, addr string }{
		{"127,0,0,1,8,73", "127.0.0.1:2121"},
		{" 10,0,0,255,255,255 ", "10.0.0.255:65535"},
		{"192,168,1,2,0,0", "192.168.1.2:0"},
		{"127,0,0,1,8", ""},
		{"127,0,0,1,8,73,1", ""},
		{"127,0,0,256,8,73", ""},
		{"127,0,0,-1,8,73", ""},
		{"127,0,0,+1,8,73", ""},
		{"127,0,0,,8,73", ""},
		{"127,0, 0,1,8,73", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := ParseHostPort(tt.text)
		if tt.addr == "" {
			if !errors.Is(err, ErrHostPort) {
				t.Errorf("ParseHostPort(%q) = %v, %v; want ErrHostPort", tt.text, got, err)
			}
		} else if err != nil || got != netip.MustParseAddrPort(tt.addr) {
			t.Errorf("ParseHostPort(%q) = %v, %v; want %s", tt.text, got, err, tt.addr)
		}
	}
	if got := FormatHostPort(netip.MustParseAddrPort("[::ffff:10.1.2.3]:258")); got != "10,1,2,3,1,2" {
		t.Errorf("mapped IPv4: %q", got)
	}
	if got := FormatHostPort(netip.MustParseAddrPort("[::1]:258")); got != "" {
		t.Errorf("IPv6: %q", got)
	}
}

func TestParsePASV(t *testing.T) {
	for _, text := range []string{
		"Entering Passive Mode (127,0,0,1,8,73).",
		"Entering Passive Mode 127,0,0,1,8,73",
		"=127,0,0,1,8,73",
		"Mode 2, at 127,0,0,1,8,73, go",
	} {
		if got, err := ParsePASV(text); err != nil || got.String() != "127.0.0.1:2121" {
			t.Errorf("ParsePASV(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "Entering Passive Mode", "(1,2,3,4,5)", "(1,2,3,4,5,999)"} {
		if got, err := ParsePASV(text); !errors.Is(err, ErrHostPort) {
			t.Errorf("ParsePASV(%q) = %v, %v; want ErrHostPort", text, got, err)
		}
	}
}

func TestEPRT(t *testing.T) {
	tests := []struct {
		text, addr string
		err        error
	}{
		{"|1|132.235.1.2|6275|", "132.235.1.2:6275", nil},
		{"|2|1080::8:800:200C:417A|5282|", "[1080::8:800:200c:417a]:5282", nil},
		{"!1!127.0.0.1!21!", "127.0.0.1:21", nil},
		{"|3|x|1|", "", ErrFamily},
		{"|1|::1|21|", "", ErrHostPort},
		{"|2|127.0.0.1|21|", "", ErrHostPort},
		{"|2|fe80::1%eth0|21|", "", ErrHostPort},
		{"|1|127.0.0.1|65536|", "", ErrHostPort},
		{"|1|127.0.0.1|-1|", "", ErrHostPort},
		{"|1|127.0.0.1|21", "", ErrHostPort},
		{"|1|localhost|21|", "", ErrHostPort},
		{"", "", ErrHostPort},
	}
	for _, tt := range tests {
		got, err := ParseEPRT(tt.text)
		if !errors.Is(err, tt.err) || tt.err == nil && got != netip.MustParseAddrPort(tt.addr) {
			t.Errorf("ParseEPRT(%q) = %v, %v; want %s, %v", tt.text, got, err, tt.addr, tt.err)
		}
	}
}

func TestEPSV(t *testing.T) {
	tests := []struct {
		text string
		port uint16
	}{
		{"Entering Extended Passive Mode (|||6446|)", 6446},
		{"Extended (!!!6446!)", 6446},
		{"Extended (|1|10.0.0.1|6446|)", 6446},
		{"Extended |||6446|", 0},
		{"Extended (|||0|)", 0},
		{"Extended (|||65536|)", 0},
		{"Extended (|||6446)", 0},
		{"Extended ()", 0},
	}
	for _, tt := range tests {
		got, err := ParseEPSV(tt.text)
		if got != tt.port || (err == nil) != (tt.port != 0) {
			t.Errorf("ParseEPSV(%q) = %d, %v; want %d", tt.text, got, err, tt.port)
		}
	}
}

// FuzzHostPort holds that an address that parses prints to one that parses to the same.
func FuzzHostPort(f *testing.F) {
	f.Add("127,0,0,1,8,73")
	f.Add("|2|2001:db8::1|5282|")
	f.Add("(|||6446|)")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseHostPort(s); err == nil {
			if b, err := ParseHostPort(FormatHostPort(a)); err != nil || a != b {
				t.Errorf("PORT: %v became %v, %v", a, b, err)
			}
			if b, err := ParsePASV("Entering Passive Mode (" + FormatHostPort(a) + ")."); err != nil || a != b {
				t.Errorf("227: %v became %v, %v", a, b, err)
			}
		}
		if a, err := ParseEPRT(s); err == nil {
			want := netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
			if b, err := ParseEPRT(FormatEPRT(a)); err != nil || b != want {
				t.Errorf("EPRT: %v became %v, %v", a, b, err)
			}
		}
		if p, err := ParseEPSV(s); err == nil {
			if q, err := ParseEPSV(FormatEPSV(p)); err != nil || p != q {
				t.Errorf("EPSV: %d became %d, %v", p, q, err)
			}
		}
	})
}
