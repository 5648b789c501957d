package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dray/internal/config"
)

// Many machines have an SSH server on port 22: SFTP gives way to it, unless the port was
// asked for. FTP's neighbour is a mistake that is told.
func TestTakenPort(t *testing.T) {
	takenLow := func(port uint16) (net.Addr, error) {
		if port < 1024 {
			return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
		}
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}, nil
	}
	var said config.Port
	if err := said.Set("22"); err != nil {
		t.Fatal(err)
	}
	at, err := sftpService().bind(config.Port{}, takenLow)
	if err != nil || at.Addr.Port() != 2022 || !at.Taken || at.Denied {
		t.Errorf("%+v, %v", at, err)
	}
	if _, err := sftpService().bind(said, takenLow); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that was asked for: %v", err)
	}
	if _, err := ftpService().bind(config.Port{}, takenLow); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("FTP: %v", err)
	}
}

// SFTP that cannot be had is an error for who asked for it, and for all others a line in the
// log beside what is served.
func TestSFTPThatCannotBeHad(t *testing.T) {
	noFolder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(noFolder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, asked := range []bool{false, true} {
		cfg := configFor(t, t.TempDir())
		cfg.Users = []config.User{{Name: "amy", Password: "secret"}}
		cfg.TLS.Mode = config.TLSOff
		cfg.StateDir = noFolder
		if asked {
			if err := cfg.SFTP.Port.Set("0"); err != nil {
				t.Fatal(err)
			}
		}
		var log bytes.Buffer
		d, err := Bind(cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if asked {
			if err == nil || !strings.Contains(err.Error(), "--state-dir") {
				t.Errorf("asked for: %v", err)
			}
			continue
		}
		if err != nil || d.HostKeys() != nil || len(d.Endpoints()) != 2 || !strings.Contains(log.String(), "SFTP is not served") {
			t.Fatalf("%v, %q", err, log.String())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is wrong with keys is told before anything is served.
func TestKeysThatAreWrong(t *testing.T) {
	for name, change := range map[string]func(*config.Serve){
		"no public key": func(c *config.Serve) { c.Users[0].Keys = []string{"ssh-ed25519 nonsense"} },
		"no such file":  func(c *config.Serve) { c.SFTP.UserCA = "/nowhere/ca" },
		"want a hash": func(c *config.Serve) {
			c.Users[0].Password, c.Users[0].Hash = "", "$6$secret"
		},
		"one-time code": func(c *config.Serve) { c.Users[0].TOTP = "no base 32" },
	} {
		cfg := configFor(t, t.TempDir())
		cfg.StateDir = t.TempDir()
		cfg.Users = []config.User{{Name: "amy", Password: "secret"}}
		change(&cfg)
		if d, err := Bind(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				d.Close()
			}
		}
	}
}
