package show

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCopies(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		bytes int64
		took  time.Duration
		err   error
	}{
		"TFTP": {"Accessing tftp://1.1.1.2/c3560-ipbasek9-mz.150-2.SE9.bin...\nLoading c3560-ipbasek9-mz.150-2.SE9.bin from 1.1.1.2 (via Vlan1): !!!!!!!!!!!\n[OK - 1269880464 bytes]\n\n1269880464 bytes copied in 103.256 secs (12298370 bytes/sec)\n",
			1269880464, 103256 * time.Millisecond, nil},
		"FTP": {"Accessing ftp://10.1.10.6:2121/RT01-ftp2.cfg...!\n[OK - 2814/4096 bytes]\n\n2814 bytes copied in 0.007 secs (402000 bytes/sec)\n", 2814, 7 * time.Millisecond, nil},
		"autoinstall in its middle": {"Loading x from 1.1.1.2 (via Vlan1): !!!%Error opening tftp://255.255.255.255/network-confg (Timed out)\n!!\n[OK - 30 bytes]\n\n30 bytes copied in 0.035 secs (857 bytes/sec)\n",
			30, 35 * time.Millisecond, nil},
		"over a file":            {"%Warning:There is a file already existing with this name \nDo you want to over write? [confirm]\n!!\n30 bytes copied in 0.020 secs (1500 bytes/sec)\n", 30, 20 * time.Millisecond, nil},
		"silence":                {".....\n%Error opening tftp://10.99.12.1/RT01.cfg (Timed out)\n", 0, 0, ErrTimeout},
		"silence in the middle":  {"Loading x from 10.1.1.1 (via Vlan1): !!!.... [timed out]\n%Error reading tftp://10.1.1.1/x (Timed out)\n", 0, 0, ErrTimeout},
		"no such file":           {"%Error opening tftp://10.99.12.1/x (No such file or directory)\n", 0, 0, ErrNotFound},
		"no such host":           {"%Error opening tftp://dns/x (Cannot resolve domain name)\n", 0, 0, ErrResolve},
		"no host":                {"?Host name or address not specified\n%Error parsing filename (Bad address)\n", 0, 0, ErrName},
		"no room":                {"%Error copying ftp://*:*@h//p (Not enough space on device)\n7602176 bytes available (0 bytes used)\n", 0, 0, ErrNoSpace},
		"no room, on Linux":      {"%Error writing bootflash:x (No space left on device)\n", 0, 0, ErrNoSpace},
		"a wrong password":       {"Writing R1-conf \n%Error opening ftp://192.168.0.10/R1-conf (Incorrect Login/Password)\n", 0, 0, ErrLogin},
		"nobody listens":         {"%Error opening ftp://192.168.0.10/R1-conf (Connection refused by remote host)\n", 0, 0, ErrConnect},
		"for another platform":   {"%Warning: File not a valid executable for this system\nAbort Copy? [confirm]\n", 0, 0, ErrForeign},
		"an invalid name":        {"%Error copying nvram:y (Invalid argument)\n", 0, 0, ErrName},
		"an error of other kind": {"%Error reading flash:x (I/O error)\n", 0, 0, ErrOther},
	} {
		got, err := ParseCopy(c.text)
		if !errors.Is(err, c.err) || got.Bytes != c.bytes || got.Took != c.took {
			t.Errorf("%s: %+v, %v; want %d octets, %v, %v", name, got, err, c.bytes, c.took, c.err)
		}
	}
	var p *ParseError
	if _, err := ParseCopy("Loading x from 1.1.1.2 (via Vlan1): !!!\n"); !errors.As(err, &p) {
		t.Errorf("a copy that says nothing of its end: %v", err)
	}
}

func TestSums(t *testing.T) {
	const sum = "6b61400490cfc9788148239053055bac"
	for _, text := range []string{
		"..........Done!\nverify /md5 (flash:x) = " + sum + "\n",
		"..........Done!verify /md5 (flash:x) = " + sum + "\n",
		"verified /md5 (flash:x) = " + strings.ToUpper(sum),
	} {
		if file, got, err := ParseMD5(text); file != "flash:x" || got != sum || err != nil {
			t.Errorf("%q: %s %s %v", text, file, got, err)
		}
	}
	for _, text := range []string{
		"", "R1#verify /md5 flash:x " + sum + "\n", "%Error opening flash:x (No such file or directory)\n",
		"%Error verifying flash:x\nComputed signature  = " + sum + "\nSubmitted signature = " + sum + "\n",
	} {
		if _, got, err := ParseMD5(text); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
	for text, good := range map[string]bool{
		"....\nEmbedded hash verification successful.\n":             true,
		"Digital signature successfully verified in file flash:x\n":  true,
		"Signature Verified\n":                                       true,
		"....\nEmbedded hash verification failed for file flash:x\n": false,
		"%Error opening flash:x (No such file or directory)\n":       false,
		"....\n": false,
	} {
		if err := ParseVerify(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestInstall(t *testing.T) {
	for name, c := range map[string]struct {
		text, version string
		err           error
	}{
		"added":            {"install_add: START\nImage added. Version: 17.09.01.0.5\nSUCCESS: install_add /bootflash/x Wed May 11 23:47:53 UTC 2022\n", "17.09.01.0.5", nil},
		"glued to the log": {"Started install commitinstall_commit: START\nCompleted install commitSUCCESS: install_commit  Wed\n", "", nil},
		"no room":          {"  [1]  R0 FAILED: There is not enough free disk available to perform this operation on switch 1. At least 1276287 KB of free disk is required\n", "", ErrNoSpace},
		"no room, too":     {"FAILED: /flash requires 1276287 KB of free space\n", "", ErrNoSpace},
		"not saved":        {"FAILED: System configuration has been modified. Please save configuration and resubmit command.\n", "", ErrUnsaved},
		"it failed":        {"FAILED: install_add_activate_commit : package is not valid\n", "", ErrOther},
		"the same":         {"Same Image File-No Change\nSUCCESS: x\n", "", ErrOther},
	} {
		version, err := ParseInstalled(c.text)
		if version != c.version || !errors.Is(err, c.err) {
			t.Errorf("%s: %s, %v", name, version, err)
		}
	}
	var p *ParseError
	if _, err := ParseInstalled("Warning: Booting with bundle mode will be deprecated\n"); !errors.As(err, &p) {
		t.Errorf("without an end: %v", err)
	}
}

func TestSchedules(t *testing.T) {
	for text, want := range map[string]string{
		"No reload is scheduled.\n":                                          "",
		"Reload scheduled in 9 minutes by console\n":                         "in 9 minutes by console",
		"Reload scheduled for 11:33:53 EST Sat Feb 1 2003 (in 20 minutes)\n": "for 11:33:53 EST Sat Feb 1 2003 (in 20 minutes)",
	} {
		if got, err := ParseReload(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := ParseReload("Reload is nigh\n"); err == nil || !strings.Contains(err.Error(), "nigh") {
		t.Error(err)
	}
}

func TestConfigurations(t *testing.T) {
	for name, text := range captures(t, "config") {
		config, err := Config(text)
		if whole := strings.Contains(text, "\nend"); (err == nil) != whole {
			t.Errorf("%s: %v", name, err)
		} else if whole && (!strings.HasSuffix(config, "\nend\n") || strings.Contains(config, "Building configuration")) {
			t.Errorf("%s: %q", name, config)
		}
	}
	const text = "show running-config\nBuilding configuration...\n\nCurrent configuration : 2102 bytes\n!\n! Last configuration change at 11:45:38 UTC Fri May 2 2025\n! NVRAM config last updated at 11:45:40 UTC Fri May 2 2025 by amy\n!\n" +
		"hostname SW1\nboot-start-marker\nboot system flash:new.bin\nboot system flash old.bin\nboot-end-marker\nntp clock-period 17179738\nend\n\nSW1#"
	config, err := Config(text)
	if want := "!\n!\nhostname SW1\nboot-start-marker\nboot system flash:new.bin\nboot system flash old.bin\nboot-end-marker\nend\n"; err != nil || Steady(config) != want {
		t.Errorf("%q, %v", Steady(config), err)
	}
	if got := BootSystem(config); strings.Join(got, "|") != "flash:new.bin|flash old.bin" {
		t.Errorf("%q", got)
	}
	for _, broken := range []string{"", "hostname x\n", "hostname x\nend\nmore\n"} {
		if _, err := Config(broken); err == nil {
			t.Errorf("%q is whole", broken)
		}
	}
}

// FuzzParsers: no text makes them panic, and an error is one of theirs.
func FuzzParsers(f *testing.F) {
	for folder := range parsers() {
		for _, text := range captures(f, folder) {
			f.Add(text)
		}
	}
	all := parsers()
	f.Fuzz(func(t *testing.T, text string) {
		for name, parse := range all {
			var p *ParseError
			if _, err := parse(text); err != nil && !errors.As(err, &p) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _ = ParseCopy(text)
		_, _, _ = ParseMD5(text)
		_ = ParseVerify(text)
		_, _ = ParseInstalled(text)
		_, _ = ParseReload(text)
		if config, err := Config(text); err == nil {
			if again, err := Config(config); err != nil || again != config {
				t.Errorf("%q is read as %q, and that as %q, %v", text, config, again, err)
			}
			if Steady(Steady(config)) != Steady(config) {
				t.Errorf("%q is not steady", config)
			}
		}
	})
}
