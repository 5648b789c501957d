// Package config turns what a person wrote, on the command line, in the environment and in
// a file, into typed values. Flags go before the environment, the environment before the
// file. A value that is wrong and a key that nobody knows are errors, which say where it
// stands and what is allowed. It binds and serves nothing.
//
// One table, in setting.go, has a row for each setting; flags, variables, keys of the
// file, docs/config.md and what `dray config print` shows are made from it.
package config

import "fmt"

// Serve is all that `dray serve` can be told.
type Serve struct {
	Dir       string // the folder to serve
	Write     bool   // allow changes
	Listen    Listen // where to listen; the zero value is every address of the machine
	StateDir  string // where certificates and keys of our own are kept
	PortsFile string // where to write the bound addresses; "" is nowhere
	Users     []User
	Stored    bool   // there are more users, in the store of the state folder
	Rules     []Rule // in their order
	Folders   Folders
	Quota     Quota
	Rates     Rates
	Digests   Digests
	Log       Log
	Audit     Audit
	Xferlog   Xferlog
	Metrics   Metrics
	Hooks     []Hook
	FTP       FTP
	FTPS      FTPS
	TLS       TLS // of FTP and FTPS
	TFTP      TFTP
	SFTP      SFTP
	Limits    Limits // of FTP and SFTP
	Bans      Bans
	Confine   Confine
	Proxy     Proxy
}

// Log is how the log is written.
type Log struct {
	Format LogFormat // the zero value is text
}

// Conflict is a setting that is right by itself and wrong beside another.
type Conflict struct {
	Key  string // of the setting, such as "tls.key"
	Text string // what is wrong with it
}

func (c *Conflict) Error() string { return c.Key + " " + c.Text }

// At is an error about a setting that its text names.
type At struct {
	Key string // of the setting
	Err error
}

func (a *At) Error() string { return a.Err.Error() }
func (a *At) Unwrap() error { return a.Err }

// Check finds what single values cannot show. Its error is a *Conflict.
func (s *Serve) Check() error {
	if err := s.checkSFTP(); err != nil {
		return err
	}
	number, implicit := s.FTPS.Port.Number()
	if s.FTP.Port.Off() && s.TFTP.Port.Off() && !implicit && !s.ServesSFTP() {
		return &Conflict{"ftp.port", "is off, and so is everything else: there is nothing to serve"}
	}
	for _, check := range []func() error{s.checkTLS, s.checkTFTP, s.checkFolders, s.checkAudit, s.checkHooks, s.checkProxy} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := s.checkFTP(); err != nil {
		return err
	}
	ftp, asked := s.FTP.Port.Number()
	if !asked && !s.FTP.Port.Off() {
		ftp = 21
	}
	if implicit && number != 0 && number == ftp {
		return &Conflict{"ftps.port", fmt.Sprintf("is %d, and so is ftp.port: FTPS begins with TLS and needs a port of its own, usually 990", ftp)}
	}
	return s.checkUsers()
}
