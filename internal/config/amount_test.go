package config

import (
	"strings"
	"testing"
)

// TestValues: what is taken comes back as it may be written, "!" is refused.
func TestValues(t *testing.T) {
	var n int
	for _, c := range []struct {
		value Value
		texts map[string]string
	}{
		{new(networks), map[string]string{"10.0.0.0/8": "10.0.0.0/8", "::1": "::1/128", "10.0.0.1/8": "!", "lab": "!", "": "!"}},
		{new(Texts), map[string]string{"a b": "a b", "": "!", "a\nb": "!"}},
		{new(Block), map[string]string{"a\nb": "a\nb", "": "!"}},
		{new(ClientIP), map[string]string{"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "0.0.0.0": "!", "224.0.0.1": "!", "lab": "!"}},
		{new(MAC), map[string]string{"0011.22AA.bbcc": "00:11:22:aa:bb:cc", "00-11-22-aa-bb-cc": "00:11:22:aa:bb:cc", "001122": "!"}},
		{Count{&n, 8, 512}, map[string]string{"8": "8", "512": "512", "7": "!", "513": "!", "x": "!", "": "!"}},
		{new(Duration), map[string]string{"90s": "1m30s", "0s": "!", "-1s": "!", "5": "!"}},
		{new(Names), map[string]string{"lab": "lab", "a b": "!", "a:b": "!", "a/b": "!", "": "!"}},
		{new(userProtocols), map[string]string{"ftp": "ftp", "ftps": "ftps", "sftp": "sftp", "scp": "!", "tftp": "!", "": "!"}},
		{new(Moment), map[string]string{"2027-01-31T18:00:00Z": "2027-01-31T18:00:00Z", "2027-01-32": "!", "tomorrow": "!", "": "!"}},
		{new(mounts), map[string]string{"/a=/b": "/a=/b", "/a/=b,ro": "/a=b,ro", "/a=,ro": "!", "/=/b": "!", "/a": "!", "/a=": "!", "=/b": "!", "/../a=/b": "!"}},
		{new(TFTPWrite), map[string]string{"off": "off", "create": "create", "replace": "replace", "all": "all", "on": "!"}},
	} {
		for in, want := range c.texts {
			if l, ok := c.value.(list); ok {
				l.clear()
			}
			if err := c.value.Set(in); (err != nil) != (want == "!") || err == nil && c.value.String() != want {
				t.Errorf("%T: Set(%q) = %v, %q; want %s", c.value, in, err, c.value.String(), want)
			}
		}
	}
}

func TestTFTPWrites(t *testing.T) {
	for _, c := range []struct {
		write bool
		tftp  TFTPWrite
		want  TFTPWrite
	}{
		{false, "", TFTPWriteOff}, {true, "", TFTPWriteCreate}, {true, TFTPWriteOff, TFTPWriteOff}, {false, TFTPWriteAll, TFTPWriteAll},
	} {
		if got := (&Serve{Write: c.write, TFTP: TFTP{Write: c.tftp}}).TFTPWrites(); got != c.want {
			t.Errorf("write %v, tftp.write %q: %s; want %s", c.write, c.tftp, got, c.want)
		}
	}
}

func TestCheckTFTP(t *testing.T) {
	for want, c := range map[string]TFTP{
		"tftp.ports":           {SinglePort: true, Ports: PortRange{First: 2000, Last: 3000}},
		"tftp.require-options": {NoOptions: true, RequireOptions: true},
		"[2] wants one of":     {Provision: []TFTPProvision{{Match: "x", Try: []string{"y"}}, {Match: "x"}}},
		"[1] wants one of":     {Provision: []TFTPProvision{{Match: "x", Template: "y", Program: []string{"z"}}}},
	} {
		if err := (&Serve{TFTP: c}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// TestPrintKeepsLists of texts with spaces, in members too.
func TestPrintKeepsLists(t *testing.T) {
	const file = `tftp:
  read-allow: [10.0.0.0/8, "::1"]
  client-folders: ["a b/{{.MAC}}"]
  provision:
    - match: "*.cfg"
      program: [/bin/echo, "one argument"]
      timeout: 1s
    - {match: x, template: "a\nb"}
`
	tftp := reprint(t, set{files: map[string]string{"dray.yaml": file}}).TFTP
	p := tftp.Provision
	if len(p) != 2 || p[0].Program[1] != "one argument" || p[1].Template != "a\nb" || tftp.ClientFolders[0] != "a b/{{.MAC}}" {
		t.Errorf("got %+v", tftp)
	}
}
