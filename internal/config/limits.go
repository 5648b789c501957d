package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Limits bound how many sessions of FTP, SFTP and scp there are, and how long they may do
// nothing. What is zero is the default.
type Limits struct {
	Sessions     int // in all
	PerAddress   int // of an address
	PerUser      int // of a user; 0 is no limit
	LoginTimeout time.Duration
	IdleTimeout  time.Duration
	StallTimeout time.Duration
	MaxStartups  int // connections of SSH before log-in
	MaxTries     int // proofs that a connection of SSH may offer
}

// Bans say who is kept out for failed log-ins.
type Bans struct {
	After  int // so many; 0 is the default, negative never
	Within time.Duration
	For    time.Duration
	Allow  []netip.Prefix // never banned nor slowed down
}

func limitSettings(l *Limits) []Setting {
	return []Setting{
		{Key: "limits.sessions", Flag: "max-sessions", Value: Count{&l.Sessions, 1, 1 << 20}, Default: "8192",
			Usage: "how many sessions of FTP and SFTP there may be at once"},
		{Key: "limits.sessions-per-address", Flag: "max-sessions-per-address", Value: Count{&l.PerAddress, 1, 1 << 20}, Default: "200",
			Usage: "how many of them one client may have: an IPv4 address, or an IPv6 network of 64 bits"},
		{Key: "limits.sessions-per-user", Value: Count{&l.PerUser, 1, 1 << 20}, Unset: "no limit",
			Usage: "how many of them one user may have"},
		{Key: "limits.login-timeout", Value: (*Duration)(&l.LoginTimeout), Default: "1m",
			Usage: "how long it may take to log in"},
		{Key: "limits.idle-timeout", Value: (*Duration)(&l.IdleTimeout), Default: "15m",
			Usage: "how long a session may ask for nothing; a running transfer is not idle"},
		{Key: "limits.stall-timeout", Value: (*Duration)(&l.StallTimeout), Default: "5m",
			Usage: "how long a transfer may move nothing"},
	}
}

// sftpLimits are the rows of SSH before log-in.
func sftpLimits(l *Limits) []Setting {
	return []Setting{
		{Key: "sftp.max-startups", Value: Count{&l.MaxStartups, 2, 1 << 20}, Default: "400",
			Usage: "how many connections of SSH may be before the end of log-in; from the half of it on a growing share is dropped"},
		{Key: "sftp.max-tries", Value: Count{&l.MaxTries, 1, 100}, Default: "6",
			Usage: "how many keys and passwords one connection of SSH may try"},
	}
}

func banSettings(b *Bans) []Setting {
	return []Setting{
		{Key: "bans.after", Flag: "ban-after", Value: tally{&b.After, 1, 100}, Default: "10",
			Usage: "ban a client after so many failed log-ins over FTP and SFTP, or never"},
		{Key: "bans.within", Value: (*Duration)(&b.Within), Default: "10m",
			Usage: "the time within which they fail"},
		{Key: "bans.for", Value: (*Duration)(&b.For), Default: "15m",
			Usage: "how long the ban lasts"},
		{Key: "bans.allow", Flag: "ban-allow", Value: (*networks)(&b.Allow), Unset: "none",
			Usage: "clients of this network are never banned nor slowed down"},
	}
}

// tally is a number within bounds, or -1 for "off".
type tally struct {
	*int
	least, most int
}

// Set takes "off", or a number within the bounds.
func (t tally) Set(s string) error {
	if s == "off" {
		*t.int = -1
		return nil
	}
	if Count(t).Set(s) != nil {
		return fmt.Errorf(`want a number from %d to %d, or "off"`, t.least, t.most)
	}
	return nil
}

func (t tally) String() string {
	switch {
	case t.int == nil || *t.int == 0:
		return ""
	case *t.int < 0:
		return "off"
	}
	return strconv.Itoa(*t.int)
}

// Type names the value in a usage text.
func (t tally) Type() string { return "NUMBER|off" }
