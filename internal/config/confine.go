package config

import "slices"

// Confine is what the server gives up once its ports are bound.
type Confine struct {
	RunAs string      // USER or USER:GROUP, whom the process becomes; "" is whoever started it
	Mode  SandboxMode // the zero value is SandboxAuto
	Read  []string    // files and folders that it may read besides those that the settings name
	Write []string    // and write
}

func confineSettings(c *Confine) []Setting {
	return []Setting{
		{Key: "run-as", Flag: "run-as", Value: (*Account)(&c.RunAs), Unset: "whoever started it",
			Usage: "run as this user, who has no other right of root than to bind the ports; root alone can start it so"},
		{Key: "sandbox.mode", Flag: "sandbox", Value: &c.Mode, Default: "auto",
			Usage: "keep the process from all files but those that it needs (Landlock): if the kernel can, or not start if it cannot, or do not"},
		{Key: "sandbox.read", Value: (*Texts)(&c.Read), Unset: "none",
			Usage: "files and folders that it may read besides, such as for the programs of hooks"},
		{Key: "sandbox.write", Value: (*Texts)(&c.Write), Unset: "none",
			Usage: "files and folders that it may change besides"},
	}
}

// Account is a user of this machine, USER or USER:GROUP.
type Account string

// Set takes a text without control characters.
func (a *Account) Set(s string) error { return (*Text)(a).Set(s) }

func (a *Account) String() string { return string(*a) }

// Type names the value in a usage text.
func (a *Account) Type() string { return "USER[:GROUP]" }

// SandboxMode says whether the process is kept from files.
type SandboxMode string

// Whether it is. The zero value is SandboxAuto.
const (
	SandboxAuto    SandboxMode = "auto"    // where the kernel can
	SandboxRequire SandboxMode = "require" // or it does not start
	SandboxOff     SandboxMode = "off"
)

// Set takes a word.
func (m *SandboxMode) Set(s string) error { return setWord(m, s) }

// Words are what Set takes.
func (m *SandboxMode) Words() []string {
	return []string{string(SandboxAuto), string(SandboxRequire), string(SandboxOff)}
}

func (m *SandboxMode) String() string { return string(*m) }

// Type names the value in a usage text.
func (m *SandboxMode) Type() string { return "auto|require|off" }

// NamedFiles are the files that settings name and that are needed while the server runs.
func (s *Serve) NamedFiles() []string {
	named := namedFiles(settings(s))
	for _, k := range s.SFTP.AuthorizedKeys {
		named = append(named, k.File)
	}
	return slices.DeleteFunc(named, func(name string) bool { return name == "" || name == s.PortsFile })
}

func namedFiles(rows []Setting) (named []string) {
	for i := range rows {
		if f, ok := rows[i].Value.(*File); ok {
			named = append(named, f.String())
		}
		if rows[i].Members == nil {
			continue
		}
		for _, member := range rows[i].Members.each() {
			named = append(named, namedFiles(member)...)
		}
	}
	return named
}
