package tftpd_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"testing"

	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tftpd/remap"
	"dray/internal/tree"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
	"dray/tftp"
)

func prefixes(words string) (all []netip.Prefix) {
	for _, w := range strings.Fields(words) {
		all = append(all, netip.MustParsePrefix(w))
	}
	return all
}

// TestAccess: the smallest network decides; what is in none is let in if none is allowed.
func TestAccess(t *testing.T) {
	for _, c := range []struct {
		allow, deny string
		in, out     string
	}{
		{"", "", "192.0.2.1 2001:db8::1", ""},
		{"192.0.2.0/24", "", "192.0.2.1 ::ffff:192.0.2.1", "192.0.3.1 2001:db8::1 ::1"},
		{"", "192.0.2.0/24", "192.0.3.1 2001:db8::1", "192.0.2.1 ::ffff:192.0.2.1"},
		{"192.0.2.0/24", "192.0.2.128/25", "192.0.2.1", "192.0.2.129 192.0.3.1"},
		{"192.0.2.129/32", "192.0.2.0/24", "192.0.2.129", "192.0.2.1 192.0.3.1"},
		{"0.0.0.0/0", "10.0.0.0/8", "192.0.2.1", "10.1.2.3 2001:db8::1"},
		{"2001:db8::/32 fe80::/10", "2001:db8:1::/48", "2001:db8::1 fe80::1%eth0", "2001:db8:1::1 192.0.2.1"},
		{"::ffff:192.0.2.0/120", "", "192.0.2.1", "192.0.3.1"},
		{"192.0.2.77/24", "", "192.0.2.1", "192.0.3.1"}, // the bits after the mask mean nothing
	} {
		a := tftpd.Access{Allow: prefixes(c.allow), Deny: prefixes(c.deny)}
		if err := a.Check(); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
		for word, want := range map[string]bool{c.in: true, c.out: false} {
			for _, client := range strings.Fields(word) {
				if a.Allows(netip.MustParseAddr(client)) != want {
					t.Errorf("allow %q, deny %q: %s is let in: %v", c.allow, c.deny, client, !want)
				}
			}
		}
	}
	both := tftpd.Access{Allow: prefixes("192.0.2.0/24"), Deny: prefixes("192.0.2.7/24")}
	if err := both.Check(); err == nil || !strings.Contains(err.Error(), "192.0.2.0/24 is both allowed and denied") {
		t.Error(err)
	}
}

// client asks a handler as from an address.
type client struct {
	t    *testing.T
	h    *tftpd.Handler
	addr string
}

func (c client) request(name string, write bool) *tftp.Request {
	return &tftp.Request{
		Name: name, Write: write, Remote: netip.AddrPortFrom(netip.MustParseAddr(c.addr), 2070), Local: netip.MustParseAddr("192.0.2.254"),
	}
}

// get returns the content of a file, or "! " and why there is none.
func (c client) get(name string) string {
	c.t.Helper()
	rd, size, err := c.h.ReadFile(c.t.Context(), c.request(name, false))
	if err != nil {
		return "! " + kind(err)
	}
	b, err := io.ReadAll(rd)
	ok(c.t, errors.Join(err, rd.Close()))
	if size != int64(len(b)) {
		c.t.Errorf("%q: %d octets are announced, %d come", name, size, len(b))
	}
	return string(b)
}

// put stores a file, and returns "ok", or "! " and why not.
func (c client) put(name, content string) string {
	c.t.Helper()
	u, err := c.h.WriteFile(c.t.Context(), c.request(name, true))
	if err != nil {
		return "! " + kind(err)
	}
	if _, err := io.WriteString(u, content); err != nil {
		return "! " + kind(errors.Join(err, u.Abort()))
	}
	if err := u.Commit(); err != nil {
		return "! " + kind(err)
	}
	return "ok"
}

// kind is what the client is told.
func kind(err error) string {
	var e *tftp.Error
	switch {
	case errors.As(err, &e):
		return e.Message
	case errors.Is(err, fs.ErrNotExist):
		return "not found"
	case errors.Is(err, fs.ErrPermission):
		return "access"
	case errors.Is(err, fs.ErrExist):
		return "exists"
	case errors.Is(err, tftp.ErrNoSpace):
		return "no space"
	}
	return "failed"
}

// store is a tree with files that hold their own paths.
func store(t *testing.T, paths ...string) *memfs.FS {
	t.Helper()
	files := memfs.New()
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, DotFiles: true}
	for _, p := range paths {
		for i, c := range p {
			if c == '/' && i > 0 {
				_ = files.Mkdir(t.Context(), vfstest.Path(t, p[:i])) // perhaps it is there
			}
		}
		if got := (client{t, h, "127.0.0.1"}).put(p, p); got != "ok" {
			t.Fatalf("%s: %s", p, got)
		}
	}
	return files
}

func TestReadAndWriteHaveNetworksOfTheirOwn(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: store(t, "/f"), Rules: policy.ReadWrite}, Policy: tftpd.Policy{
		Read:  tftpd.Access{Deny: prefixes("192.0.2.0/28")},
		Write: tftpd.Access{Allow: prefixes("192.0.2.0/24"), Deny: prefixes("192.0.2.64/26")},
	}}
	for _, c := range []struct{ client, get, put string }{
		{"192.0.2.1", "! access", "ok"},
		{"192.0.2.33", "/f", "ok"},
		{"192.0.2.65", "/f", "! access"},
		{"198.51.100.1", "/f", "! access"},
	} {
		who := client{t, h, c.client}
		if got := who.get("f"); got != c.get {
			t.Errorf("%s gets %q; want %q", c.client, got, c.get)
		}
		if got := who.put("f", "/f"); got != c.put {
			t.Errorf("%s puts %q; want %q", c.client, got, c.put)
		}
	}
}

// TestQuirks: what a network cannot bear is left out of what its clients ask for.
func TestQuirks(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: store(t, "/f"), Rules: policy.ReadOnly}, Policy: tftpd.Policy{Quirks: []tftpd.Quirk{
		{Clients: netip.MustParsePrefix("192.0.2.0/24"), MaxBlockSize: 1024, MaxWindowSize: 4},
		{Clients: netip.MustParsePrefix("192.0.2.64/26"), NoOptions: true},
	}}}
	asked := tftp.Options{BlockSize: 1428, WindowSize: 16, HasSize: true}
	for from, want := range map[string]tftp.Options{
		"192.0.2.1":    {BlockSize: 1024, WindowSize: 4, HasSize: true},
		"192.0.2.65":   {},
		"198.51.100.1": asked,
	} {
		r := client{t, h, from}.request("f", false)
		r.Options = asked
		rd, _, err := h.ReadFile(t.Context(), r)
		ok(t, err)
		ok(t, rd.Close())
		if r.Options != want {
			t.Errorf("%s is left %+v; want %+v", from, r.Options, want)
		}
	}
}

// neighbours is a table of one network.
func neighbours(client netip.Addr) net.HardwareAddr {
	if !netip.MustParsePrefix("192.0.2.0/24").Contains(client) {
		return nil
	}
	return net.HardwareAddr{0, 0x11, 0x22, 0xaa, 0xbb, client.AsSlice()[3]}
}

// patterns are as in a file of settings.
func patterns(t *testing.T, texts ...string) (all []*tftpd.Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := tftpd.ParsePattern(text)
		ok(t, err)
		all = append(all, p)
	}
	return all
}

// TestClientFolders: a client sees the first of its folders that there is and nothing
// else, or the shared folder.
func TestClientFolders(t *testing.T) {
	files := store(t, "/f", "/192.0.2.1/f", "/00-11-22-aa-bb-02/f", "/names/core1/f", "/2001-db8--7/f", "/192.0.2.5")
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Neighbours: neighbours, Policy: tftpd.Policy{
		ClientFolders: patterns(t, "names/{{.Hostname}}", "{{.MAC}}", "{{.IP}}"),
		Hosts: []tftpd.Host{
			{Name: "core1", IP: netip.MustParseAddr("198.51.100.1")},
			{Name: "core1", MAC: net.HardwareAddr{0, 0x11, 0x22, 0xaa, 0xbb, 3}},
			{Name: "unknown", IP: netip.MustParseAddr("192.0.2.1")},
		},
	}}
	for from, want := range map[string]string{
		"192.0.2.1":    "/192.0.2.1/f",
		"192.0.2.2":    "/00-11-22-aa-bb-02/f",
		"192.0.2.3":    "/names/core1/f",
		"198.51.100.1": "/names/core1/f",
		"2001:db8::7":  "/2001-db8--7/f",
		"192.0.2.4":    "/f",
		"192.0.2.5":    "/f", // that is a file, not a folder
		"198.51.100.2": "/f",
	} {
		who := client{t, h, from}
		if got := who.get("f"); got != want {
			t.Errorf("%s gets %q; want %q", from, got, want)
		}
		if got := who.get("../f"); got != want {
			t.Errorf("%s gets %q as ../f; want %q", from, got, want)
		}
		if got := who.get("/names/core1/f"); want != "/f" && got != "! not found" {
			t.Errorf("%s gets %q of another client", from, got)
		}
	}
	if got := (client{t, h, "192.0.2.1"}).put("new", "mine"); got != "ok" {
		t.Error(got)
	}
	if i, err := files.Stat(t.Context(), vfstest.Path(t, "/192.0.2.1/new")); err != nil || i.Size != 4 {
		t.Errorf("an upload went elsewhere: %v", err)
	}
}

func TestFoldCase(t *testing.T) {
	files := store(t, "/Boot/BCD", "/boot.ini/x", "/EFI/a", "/efi/b", "/Two/F", "/Two/f", "/three/FF", "/three/Ff")
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Policy: tftpd.Policy{FoldCase: true}}
	who := client{t, h, "192.0.2.1"}
	for name, want := range map[string]string{
		`\Boot\BCD`:  "/Boot/BCD",
		`\boot\bcd`:  "/Boot/BCD",
		"BOOT/Bcd":   "/Boot/BCD",
		"BOOT.INI/X": "/boot.ini/x",
		"two/F":      "/Two/F", // as asked for
		"two/f":      "/Two/f",
		"three/ff":   "! not found", // any of two
		"Efi/a":      "! not found", // any of two
		"efi/a":      "! not found", // there is an efi, and it goes first
		"EFI/A":      "/EFI/a",
		"boot/none":  "! not found",
		"boot/bcd/x": "! not found",
		"boot":       "! access",
	} {
		if got := who.get(name); got != want {
			t.Errorf("%q is %q; want %q", name, got, want)
		}
	}
	if got := who.put("boot/new", "x"); got != "! not found" {
		t.Errorf("an upload finds a folder of another case: %s", got)
	}
	exact := client{t, &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadOnly}}, "192.0.2.1"}
	if got := exact.get("boot/bcd"); got != "! not found" {
		t.Errorf("case is folded unasked: %s", got)
	}
}

func TestRemap(t *testing.T) {
	rules, err := remap.Parse("rG ^ images/\nrP ^ in/\nrG ^images/who$ \\i\na ^images/secret no,\\ \\i\na hidden\n")
	ok(t, err)
	files := store(t, "/images/f", "/in/x", "/192.0.2.1")
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Policy: tftpd.Policy{Remap: rules}}
	who := client{t, h, "192.0.2.1"}
	for name, want := range map[string]string{
		"f": "/images/f", "who": "/192.0.2.1", "secret": "! no, 192.0.2.1", "hidden": "! access violation", "../../f": "! not found",
	} {
		if got := who.get(name); got != want {
			t.Errorf("%q is %q; want %q", name, got, want)
		}
	}
	if got := who.put("new", "x"); got != "ok" {
		t.Error(got)
	}
	if _, err := files.Stat(t.Context(), vfstest.Path(t, "/in/new")); err != nil {
		t.Error(err)
	}
	h.Reload(tftpd.Policy{})
	if got := who.get("images/f"); got != "/images/f" {
		t.Errorf("after Reload: %q", got)
	}
}

// TestWriteModes: who may make new files, and who may replace those that there are.
func TestWriteModes(t *testing.T) {
	for _, c := range []struct {
		about    string
		rights   policy.Rights
		old, new string
	}{
		{"off", policy.ReadOnly, "! access", "! access"},
		{"create", policy.ReadWrite.Without(policy.Overwrite), "! exists", "ok"},
		{"replace", policy.ReadWrite.Without(policy.Create), "ok", "! not found"},
		{"all", policy.ReadWrite, "ok", "ok"},
	} {
		who := client{t, &tftpd.Handler{Trees: &tree.Trees{Files: store(t, "/f"), Rules: c.rights}}, "192.0.2.1"}
		if got := who.put("f", "x"); got != c.old {
			t.Errorf("%s: an old file: %s; want %s", c.about, got, c.old)
		}
		if got := who.put("new", "x"); got != c.new {
			t.Errorf("%s: a new file: %s; want %s", c.about, got, c.new)
		}
	}
}

func TestUploadFolder(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: store(t, "/f", "/in/f", "/inner/f"), Rules: policy.ReadWrite}, Policy: tftpd.Policy{UploadFolder: vfstest.Path(t, "/in")}}
	who := client{t, h, "192.0.2.1"}
	for name, want := range map[string]string{
		"in/new": "ok", "in/../in/f": "ok", "f": "! access", "new": "! access", "inner/f": "! access", "in/../f": "! access",
	} {
		if got := who.put(name, "x"); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}

// TestRefusalsSayWhatToChange: the log has the reason and the remedy.
func TestRefusalsSayWhatToChange(t *testing.T) {
	rules, err := remap.Parse("\na ^secret")
	ok(t, err)
	files := store(t, "/f", "/Aa", "/aA")
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite.Without(policy.Overwrite)}, Policy: tftpd.Policy{
		Read: tftpd.Access{Allow: prefixes("192.0.2.0/24"), Deny: prefixes("192.0.2.9/32")}, Remap: rules, FoldCase: true,
	}}
	for _, c := range []struct {
		from, name string
		write      bool
		want       string
	}{
		{"198.51.100.1", "f", false, "198.51.100.1 is in no network of tftp.read-allow: "},
		{"192.0.2.9", "f", false, "192.0.2.9 is in a network of tftp.read-deny: "},
		{"192.0.2.1", "secret", false, `line 2 of the map file refuses "secret": dray tftp map-test`},
		{"192.0.2.1", ".profile", false, `"/.profile" is a dot file: set tftp.dot-files`},
		{"192.0.2.1", "aa", false, `"aa" could be any of ["Aa" "aA"]: ask for it in its own case`},
		{"192.0.2.1", "f", true, `"/f" is there already, and uploads may not replace files: remove it, or set tftp.write to all`},
	} {
		r := client{t, h, c.from}.request(c.name, c.write)
		var err error
		if c.write {
			_, err = h.WriteFile(context.Background(), r)
		} else {
			_, _, err = h.ReadFile(context.Background(), r)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.name, err, c.want)
		}
	}
	off := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadOnly}}
	if _, err := off.WriteFile(t.Context(), client{t, off, "192.0.2.1"}.request("f", true)); err == nil ||
		err.Error() != "everybody has the same rights: allow uploads with --write or --tftp-write, or by a rule" {
		t.Error(err)
	}
}
