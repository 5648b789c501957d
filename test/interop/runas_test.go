package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunAs starts dray as root on the standard ports, of a network of its own: it serves
// all protocols as another user, and its data connections leave from port 20.
func TestRunAs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	for _, program := range []string{"ip", "ss", "unshare", "curl", "bash", "ssh-keyscan"} {
		peer(t, program)
	}
	root, err := os.MkdirTemp("", "run-as-") // open to everybody, as t.TempDir is not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	story := filepath.Join(t.TempDir(), "story")
	if err := os.WriteFile(story, []byte(runAsStory), 0o644); err != nil {
		t.Fatal(err)
	}
	const want = `passive 0
active 0
sftp 0
tftp 0
nobody new1 nobody new2 nobody new3 nobody new4
Uid: 65534 65534 65534 65534
CapPrm: 0000000000000400
CapEff: 0000000000000400
CapAmb: 0000000000000000
NoNewPrivs: 1
left from port 20
`
	cmd := exec.Command("unshare", "-n", "bash", "-u", story, drayPath, root)
	if out := run(t, cmd); !strings.Contains(out, want) {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// runAsStory is run in a namespace of its own, which ends with all that is in it.
const runAsStory = `
dray=$1 root=$2
mkdir -m 777 "$root/files"
chmod 755 "$root"
echo content > "$root/content"
ip link set lo up
export DRAY_PASSWORD=secret
exec {greeting}< <(exec "$dray" serve "$root/files" --config none --run-as nobody --state-dir "$root/state/dray" \
	--user amy:secret --write --tftp-write create --sftp 22 --tls off 2> "$root/log")
server=$!
trap 'kill $server; wait' EXIT
while read -r line <&$greeting; do [[ $line == Ctrl-C* ]] && break; done
curl -gsS -T "$root/content" ftp://amy:secret@127.0.0.1/new1; echo passive $?
curl -gsS -P 127.0.0.1 -T "$root/content" ftp://amy:secret@127.0.0.1/new2; echo active $?
"$dray" put --host-key "$(ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | ssh-keygen -lf - | cut -d' ' -f2)" "$root/content" sftp://amy@127.0.0.1/new3; echo sftp $?
curl -gsS -T "$root/content" tftp://127.0.0.1/new4; echo tftp $?
echo $(stat -c '%U %n' "$root"/files/* | sed "s|$root/files/||")
for field in Uid CapPrm CapEff CapAmb NoNewPrivs; do
	echo $(sed -n "/^$field:/p" /proc/$server/task/*/status | sort -u)
done
ss -Htan | grep -o '127.0.0.1:20 ' | head -1 | sed 's/.*/left from port 20/'
`
