package ftpclient

import "testing"

func TestParseURL(t *testing.T) {
	guest := func(u URL) URL { u.User, u.Password = "anonymous", GuestPassword; return u }
	for s, want := range map[string]URL{
		"ftp://host":                         guest(URL{Address: "host:21"}),
		"ftp://host/":                        guest(URL{Address: "host:21"}),
		"FTP://host:2121/a/b":                guest(URL{Address: "host:2121", Path: "a/b"}),
		"ftp://host//etc/motd":               guest(URL{Address: "host:21", Path: "/etc/motd"}),
		"ftp://host/%2Fetc/motd":             guest(URL{Address: "host:21", Path: "/etc/motd"}),
		"ftp://host/a%20b/c%25":              guest(URL{Address: "host:21", Path: "a b/c%"}),
		"ftp://host/a+b":                     guest(URL{Address: "host:21", Path: "a+b"}),
		"ftp://host/a;b;type=i":              guest(URL{Address: "host:21", Path: "a;b"}),
		"ftp://host/d/;TYPE=D":               guest(URL{Address: "host:21", Path: "d/", List: true}),
		"ftp://[2001:db8::1]/a":              guest(URL{Address: "[2001:db8::1]:21", Path: "a"}),
		"ftp://[fe80::1%25eth0]:2121/a":      guest(URL{Address: "[fe80::1%eth0]:2121", Path: "a"}),
		"ftpes://host/a":                     guest(URL{Security: Explicit, Address: "host:21", Path: "a"}),
		"ftps://host/a":                      guest(URL{Security: Implicit, Address: "host:990", Path: "a"}),
		"ftps://host:2990/a":                 guest(URL{Security: Implicit, Address: "host:2990", Path: "a"}),
		"ftp://joe@host/a":                   {Address: "host:21", User: "joe", Path: "a"},
		"ftp://joe:p%40ss%3A@host/a":         {Address: "host:21", User: "joe", Password: "p@ss:", Path: "a"},
		"ftp://:secret@host/a":               guest(URL{Address: "host:21", Path: "a"}),
		"ftp://host/a%3Fb%23c":               guest(URL{Address: "host:21", Path: "a?b#c"}),
		"ftp://joe%40example.net:x@host/a/b": {Address: "host:21", User: "joe@example.net", Password: "x", Path: "a/b"},
	} {
		got, err := ParseURL(s)
		if err != nil || got != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "host/a", "http://host/a", "ftp:///a", "ftp://host/a?b", "ftp://host/a?", "ftp://host/a#b",
		"ftp://host/a;type=x", "ftp://host/a;type=a", "ftp://host/a%0d%0aDELE%20b", "ftp://joe%0a@host/a",
		"ftp://joe:a%00b@host/", "ftp://host/%zz", "ftp://host:port/a",
	} {
		if u, err := ParseURL(s); err == nil {
			t.Errorf("%s is taken for %+v", s, u)
		}
	}
}
