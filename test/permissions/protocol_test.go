package permissions

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"dray/ftp/ftptest"
	"dray/internal/policy"
	"dray/internal/sftp"
)

// ways are one request to read "/old" by each protocol.
func ways(t *testing.T, w *world) map[string]func() error {
	t.Helper()
	certificate, _ := ftptest.Certificate(t)
	conn, tftp := listenSSH(t, w), listenTFTP(t, w)
	ask := func(connect func(*testing.T) (client, func()), do func(client) error) func() error {
		return func() error {
			c, end := connect(t)
			defer end()
			return do(c)
		}
	}
	return map[string]func() error{
		"ftp":  ask(listenFTP(t, w, nil), gets("/old", "RETR old")),
		"ftps": ask(listenFTP(t, w, &certificate), gets("/old", "RETR old")),
		"sftp": ask(sftpOver(conn), asks(sftp.Request{Type: sftp.Open, Path: "/old", Flags: sftp.FlagRead})),
		"scp":  func() error { return runs("scp -f /old", "\x00\x00\x00")(conn) },
		"tftp": func() error { return fetches("old")(tftp) },
	}
}

// TestRulesTellPeersApart: by protocol, by user and by network.
func TestRulesTellPeersApart(t *testing.T) {
	w := newWorld(t)
	all := ways(t, w)
	w.begin(t, policy.ReadWrite)
	for protocol, ask := range all {
		for about, c := range map[string]struct {
			rule   policy.Rule
			denied bool
		}{
			"the protocol":    {policy.Rule{Protocols: []string{protocol}}, true},
			"the others":      {policy.Rule{Protocols: without(all, protocol)}, false},
			"the user":        {policy.Rule{Users: []string{"amy", "anonymous"}}, true},
			"guests":          {policy.Rule{Users: []string{"anonymous"}}, protocol == "tftp"},
			"the network":     {policy.Rule{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, true},
			"another network": {policy.Rule{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, false},
		} {
			c.rule.Ops = policy.Of(policy.Read)
			w.under(t, c.rule)
			if err := ask(); (err != nil) != c.denied {
				t.Errorf("a rule about %s denies; by %s: %v", about, protocol, err)
			}
		}
	}
}

func without(all map[string]func() error, one string) (others []string) {
	for name := range all {
		if name != one {
			others = append(others, name)
		}
	}
	return others
}

// TestALinkIsNoWayRound: no protocol reads by a link what may not be read.
func TestALinkIsNoWayRound(t *testing.T) {
	w := newWorld(t)
	all := ways(t, w)
	w.begin(t, policy.ReadWrite)
	ok(t, os.Rename(filepath.Join(w.dir, "old"), filepath.Join(w.dir, "full/old")))
	ok(t, os.Symlink("full/old", filepath.Join(w.dir, "old")))
	for protocol, ask := range all {
		w.under(t)
		if err := ask(); err != nil {
			t.Errorf("%s without a rule: %v", protocol, err)
		}
		w.under(t, policy.Rule{Ops: policy.Of(policy.Read), Paths: []policy.Pattern{pattern(t, "/full")}})
		if err := ask(); err == nil {
			t.Errorf("%s reads it", protocol)
		}
	}
}
