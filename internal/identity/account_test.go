package identity_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"dray/internal/identity"
)

// TestAccountAdmits says which ways in the protocols and the networks of an account leave.
func TestAccountAdmits(t *testing.T) {
	lab := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("fe80::/10")}
	for _, c := range []struct {
		protocols []string
		networks  []netip.Prefix
		protocol  string
		remote    string
		admit     bool
	}{
		{nil, nil, "ftp", "198.51.100.1", true},
		{[]string{"ftp"}, nil, "ftp", "198.51.100.1", true},
		{[]string{"ftp"}, nil, "ftps", "198.51.100.1", true},
		{[]string{"ftps"}, nil, "ftp", "198.51.100.1", false},
		{[]string{"ftps", "sftp"}, nil, "scp", "198.51.100.1", true},
		{[]string{"ftps"}, nil, "sftp", "198.51.100.1", false},
		{nil, lab, "ftp", "192.0.2.7", true},
		{nil, lab, "ftp", "::ffff:192.0.2.7", true},
		{nil, lab, "ftp", "fe80::1%eth0", true},
		{nil, lab, "ftp", "198.51.100.1", false},
		{[]string{"sftp"}, lab, "ftp", "192.0.2.7", false},
	} {
		a := identity.Account{Protocols: c.protocols, Networks: c.networks}
		if err := a.Admits(c.protocol, netip.MustParseAddr(c.remote)); (err == nil) != c.admit {
			t.Errorf("%v %v: %s from %s: %v", c.protocols, c.networks, c.protocol, c.remote, err)
		}
	}
}

func TestAccountValid(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		account identity.Account
		valid   bool
	}{
		{identity.Account{}, true},
		{identity.Account{Disabled: true}, false},
		{identity.Account{Expires: noon.Add(time.Second)}, true},
		{identity.Account{Expires: noon}, false},
	} {
		if err := c.account.Valid(noon); (err == nil) != c.valid {
			t.Errorf("%+v: %v", c.account, err)
		}
	}
}

func TestAccounts(t *testing.T) {
	accounts := identity.Accounts{"amy": {Name: "amy"}, "": {}}
	if a, err := accounts.Lookup(t.Context(), "amy"); err != nil || a.Name != "amy" {
		t.Errorf("%+v, %v", a, err)
	}
	for _, name := range []string{"carl", "", "Amy"} {
		if _, err := accounts.Lookup(t.Context(), name); !errors.Is(err, identity.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
