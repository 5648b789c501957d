package interop

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

// dnsmasq can only be read from, and only on port 69: so it gets an address of its own.
var dnsmasq = server{
	name: "dnsmasq", protocol: "tftp", readOnly: true,
	start: func(t *testing.T, root string) endpoint {
		program := peer(t, "dnsmasq")
		for range 20 {
			host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
			cmd := exec.Command(program, "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--user=root",
				"--port=0", "--no-resolv", "--no-hosts", "--listen-address="+host, "--bind-interfaces",
				"--enable-tftp", "--tftp-root="+root)
			if serving(t, cmd, func(line string) bool { return strings.Contains(line, "TFTP root is") }) {
				return endpoint{protocol: "tftp", host: host, port: "69"}
			}
		}
		t.Fatal("dnsmasq found no free address")
		return endpoint{}
	},
}
