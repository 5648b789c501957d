package judges

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "github.com/rclone/rclone/backend/ftp"  // keeps what its tests need in go.sum
	_ "github.com/rclone/rclone/backend/sftp" // likewise
	"github.com/rclone/rclone/fs/config/obscure"
	_ "github.com/rclone/rclone/fs/sync" // likewise
)

// suite is a package of rclone whose tests take the remote to run on from the caller.
type suite struct {
	pkg   string
	skip  string // tests that are about the suite's own machine
	least int    // tests that pass on ProFTPD 1.3.8
	all   bool   // it compiles all of rclone
}

func suites() []suite {
	return []suite{
		{pkg: "backend/ftp", skip: "TestIntegration/FsMkdir/FsPutFiles/Internal", least: 89},
		{pkg: "fs/sync", least: 137, all: true},
	}
}

// TestRclone runs rclone's suites. What passes on ProFTPD must pass on dray: no test may
// fail, and none may be skipped for want of a feature.
func TestRclone(t *testing.T) {
	for _, s := range suites() {
		t.Run(s.pkg, func(t *testing.T) {
			if s.all && testing.Short() {
				t.Skip("compiles all of rclone")
			}
			onEachServer(t, func(t *testing.T, srv ftpServer, addr string) {
				s.judge(t, rcloneRemote(t, srv, addr))
			})
		})
	}
}

// TestRcloneSFTP runs rclone's suite for SFTP. It is told that there is no shell, as it
// would find out.
func TestRcloneSFTP(t *testing.T) {
	addr := serve(t, "sftp", "--ftp", "off", "--tftp", "off", "--sftp", "0", "--user", user+":"+password)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := obscure.Obscure(password)
	if err != nil {
		t.Fatal(err)
	}
	s := suite{pkg: "backend/sftp", skip: "TestIntegration/FsMkdir/FsPutFiles/Internal", least: 139}
	s.judge(t, fmt.Sprintf(":sftp,host=%s,port=%s,user=%s,pass=%s,shell_type=none:", host, port, user, secret))
}

// verdicts holds the output of each test by "pass", "fail" or "skip", and then by name.
type verdicts map[string]map[string]string

// judge runs the suite on a remote: no test may fail, and as many must pass as are known to.
func (s suite) judge(t *testing.T, remote string) {
	t.Helper()
	v := s.run(t, remote)
	t.Logf("%d passed, %d failed, %d skipped", len(v["pass"]), len(v["fail"]), len(v["skip"]))
	for name, output := range v["fail"] {
		t.Errorf("%s\n%s", name, output)
	}
	if len(v["pass"]) < s.least {
		t.Errorf("%d tests passed; want %d or more. Skipped:\n%s", len(v["pass"]), s.least,
			strings.Join(slices.Sorted(maps.Keys(v["skip"])), "\n"))
	}
}

// run runs the suite on a remote, and returns what became of its tests.
func (s suite) run(t *testing.T, remote string) verdicts {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-skip", s.skip,
		"github.com/rclone/rclone/"+s.pkg, "-args", "-remote", remote)
	cmd.Env = append(os.Environ(), "RCLONE_CONFIG=/dev/null")
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.Output()
	v := readVerdicts(t, out)
	if err != nil && len(v["fail"]) == 0 {
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, faults.String(), out)
	}
	return v
}

// rcloneRemote is the server as rclone writes it when no configuration names it.
func rcloneRemote(t *testing.T, srv ftpServer, addr string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := obscure.Obscure(password)
	if err != nil {
		t.Fatal(err)
	}
	remote := fmt.Sprintf(":ftp,host=%s,port=%s,user=%s,pass=%s", host, port, user, secret)
	if srv.encoding != "" {
		remote += fmt.Sprintf(",encoding='%s'", srv.encoding)
	}
	switch srv.tls {
	case explicit:
		remote += ",explicit_tls=true,no_check_certificate=true"
	case implicit:
		remote += ",tls=true,no_check_certificate=true"
	}
	return remote + ":"
}

// readVerdicts reads what `go test -json` prints. The lines are as `go doc test2json` says.
func readVerdicts(t *testing.T, out []byte) verdicts {
	t.Helper()
	v := verdicts{"pass": {}, "fail": {}, "skip": {}}
	said := make(map[string]string)
	for line := range bytes.Lines(out) {
		var e struct{ Action, Test, Output string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Test == "" {
			continue // the package
		}
		said[e.Test] += e.Output
		if tests, ok := v[e.Action]; ok {
			tests[e.Test] = said[e.Test]
		}
	}
	return v
}
