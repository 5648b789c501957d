package daemon

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dray/internal/config"
	"dray/tftp"
)

// TestEveryLimitReachesTheServer: a setting that changes nothing would be worse than none.
func TestEveryLimitReachesTheServer(t *testing.T) {
	got := tftpServer(&config.TFTP{
		SinglePort: true, Ports: config.PortRange{First: 2000, Last: 3000}, MaxBlockSize: 1, MaxWindowSize: 2, IgnoreMTU: true, NoOptions: true,
		RequireOptions: true, Broadcast: true, KeepFF: true, MaxTransfers: 3, MaxUnproven: 4, MaxPerSource: 5, MaxUnprovenPerSource: 6,
	})
	if got.Ports != (tftp.Ports{First: 2000, Last: 3000}) {
		t.Errorf("ports are %v", got.Ports)
	}
	fields := reflect.ValueOf(got).Elem()
	for i := range fields.NumField() {
		f := fields.Type().Field(i)
		if f.IsExported() && f.Name != "Handler" && f.Name != "Log" && fields.Field(i).IsZero() {
			t.Errorf("%s cannot be set", f.Name)
		}
	}
	if got.MaxBlockSize != 1 || got.MaxWindowSize != 2 || got.MaxTransfers != 3 || got.MaxUnproven != 4 || got.MaxPerSource != 5 || got.MaxUnprovenPerSource != 6 {
		t.Errorf("limits are mixed up: %d %d %d %d %d %d",
			got.MaxBlockSize, got.MaxWindowSize, got.MaxTransfers, got.MaxUnproven, got.MaxPerSource, got.MaxUnprovenPerSource)
	}
}

// TestCheckFindsWhatIsWrong in what the settings say, and names the setting.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules")
	if err := os.WriteFile(rules, []byte("r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	network := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		tftp config.TFTP
		want string
	}{
		{config.TFTP{UploadFolder: `a\..\b`}, "tftp.upload-folder: "},
		{config.TFTP{MapFile: rules}, "tftp.map-file: " + rules + ": line 1: there is no regular expression"},
		{config.TFTP{MapFile: filepath.Join(dir, "none")}, "tftp.map-file: open "},
		{config.TFTP{ClientFolders: []string{"{{.Nope}}"}}, "tftp.client-folders: "},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "{{"}}}, "tftp.provision[1]: "},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "x", Try: []string{"{{"}}}}, "tftp.provision[1]: "},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "x", Template: "{{"}}}, "tftp.provision[1]: template: template"},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "x", TemplateFile: filepath.Join(dir, "none")}}}, "tftp.provision[1]: open "},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "[", Template: "x"}}}, "tftp: provision 1: "},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "x", Template: "{{.Nope}}"}}}, "tftp.provision[1]: template: template:1:2: executing"},
		{config.TFTP{Provision: []config.TFTPProvision{{Match: "x", Program: []string{filepath.Join(dir, "none")}}}}, "tftp.provision[1]: exec: "},
		{config.TFTP{UploadFolder: "../x"}, `tftp.upload-folder: "../x": name it as seen from`},
		{config.TFTP{Hosts: []config.TFTPHost{
			{Name: "x", IP: netip.MustParseAddr("10.0.0.1")}, {Name: "y", IP: netip.MustParseAddr("10.0.0.1")},
		}}, "tftp.hosts: x and y both have 10.0.0.1"},
		{config.TFTP{Hosts: []config.TFTPHost{{Name: "x"}}}, "tftp: hosts: x: say its IP or its MAC address"},
		{config.TFTP{ReadAllow: network, ReadDeny: network}, "tftp: read: 10.0.0.0/8 is both"},
		{config.TFTP{WriteAllow: network, WriteDeny: network}, "tftp: write: 10.0.0.0/8 is both"},
	} {
		if err := Check(config.Serve{Dir: dir, TFTP: c.tftp}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	good := config.TFTP{
		UploadFolder: "in", ClientFolders: []string{"{{.MAC}}"}, Hosts: []config.TFTPHost{{Name: "x", IP: netip.MustParseAddr("10.0.0.1")}},
		Provision: []config.TFTPProvision{{Match: "*.cfg", Program: []string{program}, Timeout: time.Second}},
	}
	if err := Check(config.Serve{Dir: dir, TFTP: good}); err != nil {
		t.Error(err)
	}
	for _, c := range []config.Serve{{Dir: rules}, {Dir: filepath.Join(dir, "none")}, {Dir: dir, FTP: config.FTP{Hosts: []config.Host{{Name: "a", Dir: rules}}}}} {
		if err := Check(c); err == nil || !strings.Contains(err.Error(), ": the folder to serve has to be there") {
			t.Errorf("%q, %v: %v", c.Dir, c.FTP.Hosts, err)
		}
	}
}

// TestCheckReadsNamedFiles: one that is missing is found before the server starts.
func TestCheckReadsNamedFiles(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for want, c := range map[string]config.Serve{
		"tls.cert":             {TLS: config.TLS{CertFile: none}},
		"tls.key":              {TLS: config.TLS{KeyFile: none}},
		"tls.client-ca":        {TLS: config.TLS{ClientCAs: none}},
		"sftp.user-ca":         {SFTP: config.SFTP{UserCA: none}},
		"sftp.authorized-keys": {SFTP: config.SFTP{AuthorizedKeys: []config.AuthorizedKeys{{User: "amy", File: none}}}},
		"ftp.hosts":            {FTP: config.FTP{Hosts: []config.Host{{Name: "a", CertFile: none}}}},
	} {
		c.Dir = t.TempDir()
		if err := Check(c); err == nil || !strings.Contains(err.Error(), want+" names a file that cannot be read: open "+none) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
