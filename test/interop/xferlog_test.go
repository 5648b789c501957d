package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestXferlog: for the same transfers our lines have what vsftpd's have, and ProFTPD's
// statistics can read them.
func TestXferlog(t *testing.T) {
	c, f, logs := curl("curl", "ftp"), files[len(files)-2], folder(t)
	peer(t, c.program)
	stats := peer(t, "ftpstats")
	local := filepath.Join(t.TempDir(), "a name")
	if err := os.WriteFile(local, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	for name, s := range map[string]server{
		"dray": drayServer("ftp", "--tls", "off", "--xferlog", filepath.Join(logs, "dray")),
		"vsftpd": {start: func(t *testing.T, root string) endpoint {
			return startVsftpd(t, root, "xferlog_enable=YES", "xferlog_std_format=YES", "xferlog_file="+filepath.Join(logs, "vsftpd"))
		}},
	} {
		t.Run(name, func(t *testing.T) { // at its end the server ends, and has written its log
			e := s.start(t, furnish(t))
			run(t, c.get(e, f.name, filepath.Join(t.TempDir(), "got")))
			run(t, c.put(e, local, "incoming/a%20name"))
			runAny(t, c.get(e, "missing", filepath.Join(t.TempDir(), "got")))
		})
		text, err := os.ReadFile(filepath.Join(logs, name))
		if err != nil {
			t.Fatal(err)
		}
		stamp := regexp.MustCompile(`^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4} [0-9]+ `)
		for line := range strings.Lines(string(text)) {
			if !stamp.MatchString(line) {
				t.Errorf("%s: %q does not begin with the time and how long it took", name, line)
			}
			w := strings.Fields(line)
			if len(w) != 18 {
				t.Fatalf("%s: %d fields: %s", name, len(w), line)
			}
			w[12], w[13] = "", "" // vsftpd's is a guest, who may write
			lines[name] = append(lines[name], strings.Join(w[6:], " "))
		}
	}
	if !slices.Equal(lines["dray"], lines["vsftpd"]) {
		t.Errorf("dray writes\n%s\nvsftpd\n%s", strings.Join(lines["dray"], "\n"), strings.Join(lines["vsftpd"], "\n"))
	}
	out := run(t, exec.Command("perl", stats, "-r", "-a", "-f", filepath.Join(logs, "dray")))
	for what, want := range map[string]string{"Files Transmitted": "2", "Bytes Transmitted": fmt.Sprint(f.size + 7)} {
		if !regexp.MustCompile(what + ` During Summary Period +` + want + `\n`).MatchString(out) {
			t.Errorf("%s is not %s:\n%s", what, want, out)
		}
	}
}
