package config

import (
	"slices"
	"strings"
)

// Setting is one thing that can be set.
type Setting struct {
	Key      string  // its place in the file, such as "ftp.passive-ports"
	Flag     string  // its flag, and with DRAY_ its variable; "" if it stands in the file alone
	Argument bool    // Flag names a positional argument, not a flag
	Value    Value   // nil if it has Members and no Flag
	Members  members // of a list whose members are mappings; nil if it is none
	Required bool    // in a member
	Secret   bool    // never shown, and only read from files that are closed to others
	Default  string  // the value when nothing is said, as it would be written, or
	Unset    string  // what it means to say nothing, where no value says it
	Usage    string
}

// settings is the table: all that can be set in s, in the order of the reference. A new
// setting is a row here and nothing else.
func settings(s *Serve) []Setting {
	rows := []Setting{
		{Key: "dir", Flag: "dir", Argument: true, Value: (*Folder)(&s.Dir), Default: ".",
			Usage: "the folder to serve"},
		{Key: "write", Flag: "write", Value: (*Switch)(&s.Write), Default: "false",
			Usage: "allow uploads and changes: to users over FTP and SFTP; over TFTP to let ANYONE make files, see tftp.write"},
		{Key: "listen", Flag: "listen", Value: &s.Listen, Unset: "every address of the machine",
			Usage: "listen on this address only"},
		{Key: "state-dir", Flag: "state-dir", Value: (*Folder)(&s.StateDir), Unset: "$XDG_STATE_HOME/dray, else ~/.local/state/dray, for root /var/lib/dray",
			Usage: "where certificates and host keys are kept"},
		{Key: "ports-file", Flag: "ports-file", Value: (*File)(&s.PortsFile), Unset: "none",
			Usage: `write "PROTOCOL ADDRESS:PORT" lines to this file once all ports are bound`},
		{Key: "users", Flag: "user", Value: (*Users)(&s.Users), Members: membersOf(&s.Users, userSettings), Secret: true, Unset: "guests may log in over FTP",
			Usage: "admit this user over FTP and SFTP"},
		{Key: "log.format", Flag: "log-format", Value: &s.Log.Format, Default: "text",
			Usage: "form of the log on standard error"},
		{Key: "ftp.port", Flag: "ftp", Value: &s.FTP.Port, Unset: "21, or 2121 without the privilege",
			Usage: "FTP port"},
		{Key: "ftp.passive-ports", Flag: "passive-ports", Value: &s.FTP.PassivePorts, Unset: "any free port",
			Usage: "ports for FTP data connections"},
		{Key: "ftp.passive-address", Flag: "passive-address", Value: (*passiveAddresses)(&s.FTP.PassiveAddresses),
			Members: membersOf(&s.FTP.PassiveAddresses, passiveSettings), Unset: "the address that the client came to",
			Usage: "IPv4 address for FTP data connections, or a name to look it up, as clients behind NAT see it; with NETWORK= for those of a network"},
		{Key: "ftp.hosts", Flag: "ftp-host", Value: (*hosts)(&s.FTP.Hosts), Members: membersOf(&s.FTP.Hosts, hostSettings), Unset: "any",
			Usage: "name that the command HOST takes; in a file with a folder and a certificate of its own"},
		{Key: "ftp.deflate", Flag: "deflate", Value: (*Switch)(&s.FTP.Deflate), Default: "false",
			Usage: "let FTP clients pack data (MODE Z); it takes a core and a MiB for each transfer"},
		{Key: "ftp.deflate-limit", Flag: "deflate-limit", Value: &s.FTP.DeflateLimit, Default: "1G",
			Usage: "the most that a packed upload may unpack to"},
		{Key: "ftp.lenient-attributes", Flag: "lenient-attributes", Value: (*Switch)(&s.FTP.LenientAttributes), Default: "false",
			Usage: "answer FTP changes of times and modes that are not allowed as done, to clients that call the upload failed otherwise"},
		{Key: "ftp.max-hash-size", Flag: "max-hash-size", Value: &s.FTP.MaxHashSize, Default: "16G",
			Usage: "the most that is read for one HASH over FTP"},
		{Key: "ftps.port", Flag: "ftps", Value: &s.FTPS.Port, Default: "off",
			Usage: "port of FTP that begins with TLS, usually 990"},
		{Key: "tls.mode", Flag: "tls", Value: &s.TLS.Mode, Default: "optional",
			Usage: "who uses TLS with FTP: nobody, who wants to, everybody"},
		{Key: "tls.cert", Flag: "tls-cert", Value: (*File)(&s.TLS.CertFile), Unset: "one of its own, made at first start",
			Usage: "certificate, PEM; read again when it changes"},
		{Key: "tls.key", Flag: "tls-key", Value: (*File)(&s.TLS.KeyFile), Unset: "in the file of the certificate",
			Usage: "private key, PEM"},
		{Key: "tls.client-ca", Flag: "tls-client-ca", Value: (*File)(&s.TLS.ClientCAs), Unset: "none",
			Usage: "users may log in by a certificate of these authorities, PEM, with their name as its common name"},
		{Key: "tls.data-binding", Flag: "tls-data-binding", Value: &s.TLS.Binding, Default: "log",
			Usage: "what to do about data connections of another TLS session"},
		{Key: "tls.require-end", Flag: "tls-require-end", Value: (*Switch)(&s.TLS.RequireEnd), Default: "false",
			Usage: "refuse uploads whose TLS does not end with close_notify: they may be cut off, but many clients never send it"},
		{Key: "tls.data-tickets", Flag: "tls-data-tickets", Value: &s.TLS.DataTickets, Default: "true",
			Usage: "give session tickets on data connections too; false saves uploads of clients that close without reading them"},
		{Key: "sftp.port", Flag: "sftp", Value: &s.SFTP.Port, Unset: "22, or 2022 where that cannot be had; off without users",
			Usage: "port of SFTP and scp"},
		{Key: "sftp.authorized-keys", Flag: "authorized-keys", Value: (*authorizedKeys)(&s.SFTP.AuthorizedKeys), Unset: "none",
			Usage: "public keys by which this user logs in over SFTP, or every user"},
		{Key: "sftp.user-ca", Flag: "ssh-user-ca", Value: (*File)(&s.SFTP.UserCA), Unset: "none",
			Usage: "users may log in over SFTP by a certificate of these authorities, whose public keys are in the file"},
		{Key: "sftp.legacy-networks", Flag: "ssh-legacy", Value: (*networks)(&s.SFTP.Legacy), Unset: "none",
			Usage: "clients of this network may use SSH with SHA-1 and CBC, as devices before 2018 do"},
		{Key: "sftp.banner", Flag: "ssh-banner", Value: (*Text)(&s.SFTP.Banner), Unset: "none",
			Usage: "what SSH shows before log-in"},
		{Key: "sftp.lenient-attributes", Value: (*Switch)(&s.SFTP.LenientAttributes), Default: "false",
			Usage: "answer SFTP changes of times and modes that are not allowed as done"},
	}
	return slices.Concat(rows,
		sftpLimits(&s.Limits),
		folderSettings(&s.Folders),
		quotaSettings(&s.Quota),
		rateSettings(&s.Rates),
		digestSettings(&s.Digests),
		ruleSettings(s),
		confineSettings(&s.Confine),
		proxySettings(&s.Proxy),
		tftpSettings(&s.TFTP), tftpLimits(&s.TFTP),
		limitSettings(&s.Limits), banSettings(&s.Bans),
		auditSettings(&s.Audit), xferlogSettings(&s.Xferlog), metricsSettings(&s.Metrics), hooksSettings(s),
	)
}

// Env is the variable that sets it, "" if there is none.
func (s *Setting) Env() string {
	if s.Flag == "" {
		return ""
	}
	return "DRAY_" + strings.ToUpper(strings.ReplaceAll(s.Flag, "-", "_"))
}

// clear empties a list, so that one source replaces what another has said.
func (s *Setting) clear() {
	if l, ok := s.Value.(list); ok {
		l.clear()
	} else if s.Members != nil {
		s.Members.clear()
	}
}

// absent is what holds when nothing is said, in words.
func (s *Setting) absent() string {
	if s.Default != "" {
		return s.Default
	}
	return s.Unset
}

// isList reports whether there may be several values.
func (s *Setting) isList() bool {
	_, ok := s.Value.(list)
	return ok || s.Members != nil
}

// members is a list of mappings.
type members interface {
	add() []Setting    // the settings of one more member
	each() [][]Setting // those of all that there are
	clear()

	// done is called when the file at place has said all of the last member, and says what
	// is wrong with the whole of it.
	done(place string) error

	value() any // the list itself
}

type memberList[T any] struct {
	all  *[]T
	rows func(*T) []Setting
}

// membersOf is the list all, whose members have these rows.
func membersOf[T any](all *[]T, rows func(*T) []Setting) members { return memberList[T]{all, rows} }

func (m memberList[T]) add() []Setting {
	var zero T
	*m.all = append(*m.all, zero)
	return m.rows(&(*m.all)[len(*m.all)-1])
}

func (m memberList[T]) each() (all [][]Setting) {
	for i := range *m.all {
		all = append(all, m.rows(&(*m.all)[i]))
	}
	return all
}

func (m memberList[T]) clear() { *m.all = nil }

func (m memberList[T]) done(place string) error {
	last := &(*m.all)[len(*m.all)-1]
	if whole, ok := any(last).(interface{ done(place string) error }); ok {
		return whole.done(place)
	}
	return nil
}

func (m memberList[T]) value() any { return *m.all }
