package tftp

import "testing"

func TestParseURL(t *testing.T) {
	for s, want := range map[string]URL{
		"tftp://host/dir/f;mode=netascii": {Host: "host", Name: "dir/f", Mode: NetASCII},
		"TFTP://host/f;mode=OCTET":        {Host: "host", Name: "f"},
		"tftp://192.0.2.1:6969/f":         {Host: "192.0.2.1", Port: 6969, Name: "f"},
		"tftp://[2001:db8::1]/f":          {Host: "2001:db8::1", Name: "f"},
		"tftp://[fe80::1%25eth0]:70/f":    {Host: "fe80::1%eth0", Port: 70, Name: "f"},
		"tftp://host//etc/f":              {Host: "host", Name: "/etc/f"},
		"tftp://host/a%20b?c#d;x=y":       {Host: "host", Name: "a b?c#d;x=y"},
		"tftp://host/a%3Bmode=octet":      {Host: "host", Name: "a;mode=octet"},
	} {
		got, err := ParseURL(s)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", s, got, err, want)
		}
		if again, err := ParseURL(got.String()); err != nil || again != want {
			t.Errorf("%s: written as %s, which is %+v, %v", s, got, again, err)
		}
	}
	for _, s := range []string{
		"", "host/f", "http://host/f", "tftp:///f", "tftp://host", "tftp://host/", "tftp://host/;mode=octet",
		"tftp://host/f;mode=mail", "tftp://user@host/f", "tftp://host:0/f", "tftp://host:x/f", "tftp://host:65536/f",
		"tftp://[::1/f", "tftp://::1/f", "tftp://host/a%00b", "tftp://host/%zz",
	} {
		if u, err := ParseURL(s); err == nil {
			t.Errorf("%s: %+v, want an error", s, u)
		}
	}
}

func TestURLAddress(t *testing.T) {
	for want, u := range map[string]URL{
		"host:69":       {Host: "host"},
		"[fe80::1]:690": {Host: "fe80::1", Port: 690},
	} {
		if got := u.Address(); got != want {
			t.Errorf("%+v: %s, want %s", u, got, want)
		}
	}
}
