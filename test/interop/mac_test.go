package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientByMAC has two clients on a network of the server ask for the same name, over
// IPv4 and IPv6: each gets what is for its hardware address. The network is one of virtual
// cables between namespaces.
func TestClientByMAC(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can lay a cable")
	}
	for _, program := range []string{"ip", "unshare", "nsenter", "curl", "bash"} {
		peer(t, program)
	}
	root, dir := folder(t), t.TempDir()
	for name, content := range map[string]string{
		filepath.Join(root, "f"):                        "shared",
		filepath.Join(root, "02-00-00-00-00-0a", "f"):   "of a",
		filepath.Join(dir, "settings.yaml"):             macSettings,
		filepath.Join(dir, "story"):                     macStory,
		filepath.Join(root, "02-00-00-00-00-0a", "x.b"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "-n", "bash", "-eu", filepath.Join(dir, "story"), drayPath, root, filepath.Join(dir, "settings.yaml"))
	const want = `a 10.99.0.1: of a
a 10.99.0.1: a at 02:00:00:00:00:0a
b 10.99.0.1: shared
b 10.99.0.1: new at 02:00:00:00:00:0b
a [fd99::1]: of a
b [fd99::1]: new at 02:00:00:00:00:0b
`
	if out := run(t, cmd); !strings.Contains(out, want) {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

const macSettings = `
ftp: {port: off}
tftp:
  port: 69
  client-folders: ["{{.MAC}}"]
  hosts: [{name: a, mac: 0200.0000.000a}]
  provision:
    - match: network-confg
      template: '{{or .Hostname "new"}} at {{.MAC.Colons}}'
`

// macStory is run in a namespace of its own, which ends with all that is in it.
const macStory = `
dray=$1 root=$2 settings=$3
ip link set lo up
ip link add lan type bridge
ip address add 10.99.0.1/24 dev lan
ip address add fd99::1/64 dev lan nodad
ip link set lan up
declare -A client
for n in a b; do
	exec {ready}< <(exec unshare -n bash -c 'echo $$; exec sleep infinity')
	read -r pid <&$ready
	client[$n]=$pid
	trap 'kill "${client[@]}" ${server:-}; wait' EXIT
	ip link add port$n type veth peer name dev$n
	ip link set port$n master lan up
	ip link set dev$n netns $pid
	nsenter -t $pid -n bash -eu <<-END
		ip link set dev$n address 02:00:00:00:00:0$n
		ip address add 10.99.0.1$((${#client[@]}))/24 dev dev$n
		ip address add fd99::1$((${#client[@]}))/64 dev dev$n nodad
		ip link set dev$n up
	END
done
exec {greeting}< <(exec "$dray" serve "$root" --config "$settings" 2>/dev/null)
server=$!
while read -r line <&$greeting; do [[ $line == Ctrl-C* ]] && break; done
get() {
	printf '%s %s: %s\n' "$1" "$2" "$(nsenter -t ${client[$1]} -n curl -gsS "tftp://$2/$3")"
}
get a 10.99.0.1 f
get a 10.99.0.1 network-confg
get b 10.99.0.1 f
get b 10.99.0.1 network-confg
get a '[fd99::1]' f
get b '[fd99::1]' network-confg

`
