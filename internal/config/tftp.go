package config

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// TFTP is how TFTP is served. What each setting means stands in its row below, and in
// docs/tftp.md.
type TFTP struct {
	Port       Port // the zero value is the standard port, or 6969 without the privilege
	SinglePort bool // all transfers over that one port
	Ports      PortRange
	Public     bool

	Write        TFTPWrite // the zero value is off, or create with Serve.Write
	ReadAllow    []netip.Prefix
	ReadDeny     []netip.Prefix
	WriteAllow   []netip.Prefix
	WriteDeny    []netip.Prefix
	UploadFolder string // within the folder that is served; "" is everywhere
	MaxUpload    Size
	QuotaBytes   Size
	QuotaFiles   int // 0 is no limit

	DotFiles      bool
	FoldCase      bool
	MapFile       string   // "" is none
	ClientFolders []string // templates
	Hosts         []TFTPHost
	Provision     []TFTPProvision
	MaxPrograms   int // 0 is 16
	Quirks        []TFTPQuirk

	MaxBlockSize         int // in octets; 0 is 65464
	MaxWindowSize        int // in blocks; 0 is 64
	IgnoreMTU            bool
	NoOptions            bool
	RequireOptions       bool
	Broadcast            bool
	KeepFF               bool
	MaxTransfers         int // 0 is 4096
	MaxUnproven          int // 0 is 2048
	MaxPerSource         int // 0 is 64
	MaxUnprovenPerSource int // 0 is 8
}

// TFTPHost is a client with a name.
type TFTPHost struct {
	Name string
	IP   netip.Addr       // not valid: by MAC
	MAC  net.HardwareAddr // nil: by IP
}

// TFTPQuirk is what clients of a network cannot bear.
type TFTPQuirk struct {
	Clients       netip.Prefix
	NoOptions     bool
	MaxBlockSize  int // 0 is no limit
	MaxWindowSize int // 0 is no limit
}

// TFTPProvision is what clients get for some names.
type TFTPProvision struct {
	Match        string
	Try          []string
	Template     string // its text
	TemplateFile string
	Program      []string
	MaxSize      int           // in octets; 0 is 1 MiB
	Timeout      time.Duration // 0 is 5 seconds
}

// TFTPWrite says what uploads over TFTP may do.
type TFTPWrite string

// What uploads may do.
const (
	TFTPWriteOff     TFTPWrite = "off"
	TFTPWriteCreate  TFTPWrite = "create"  // make files
	TFTPWriteReplace TFTPWrite = "replace" // replace files that there are
	TFTPWriteAll     TFTPWrite = "all"     // both
)

// Set takes a mode.
func (w *TFTPWrite) Set(s string) error { return setWord(w, s) }

// Words are what Set takes.
func (w *TFTPWrite) Words() []string {
	return []string{string(TFTPWriteOff), string(TFTPWriteCreate), string(TFTPWriteReplace), string(TFTPWriteAll)}
}

func (w *TFTPWrite) String() string { return string(*w) }

// Type names the value in a usage text.
func (w *TFTPWrite) Type() string { return "off|create|replace|all" }

// TFTPWrites says what uploads over TFTP may do, all settings together.
func (s *Serve) TFTPWrites() TFTPWrite {
	switch {
	case s.TFTP.Write != "":
		return s.TFTP.Write
	case s.Write:
		return TFTPWriteCreate
	}
	return TFTPWriteOff
}

// checkTFTP finds what does not go together.
func (s *Serve) checkTFTP() error {
	t := &s.TFTP
	switch {
	case t.SinglePort && t.Ports != (PortRange{}):
		return &Conflict{"tftp.ports", "has no use where tftp.single-port answers from one"}
	case t.NoOptions && t.RequireOptions:
		return &Conflict{"tftp.require-options", "leaves nobody who is served while tftp.no-options holds"}
	}
	for i, p := range t.Provision {
		kinds := 0
		for _, there := range []bool{len(p.Try) > 0, p.Template != "", p.TemplateFile != "", len(p.Program) > 0} {
			if there {
				kinds++
			}
		}
		if kinds != 1 {
			return &Conflict{"tftp.provision", fmt.Sprintf("[%d] wants one of try, template, template-file and program", i+1)}
		}
	}
	return nil
}

// maxText is the largest map file or template, in octets.
const maxText = 1 << 20

// MapText returns what the map file says, "" without one.
func (t *TFTP) MapText() (string, error) { return text(t.MapFile) }

// Text returns the template, also if it is in a file; "" if there is none.
func (p *TFTPProvision) Text() (string, error) {
	if p.TemplateFile != "" {
		return text(p.TemplateFile)
	}
	return p.Template, nil
}

func text(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(b) > maxText {
		err = fmt.Errorf("%s is larger than %d octets", name, maxText)
	}
	return string(b), err
}
