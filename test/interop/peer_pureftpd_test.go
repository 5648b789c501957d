package interop

import (
	"fmt"
	"os/exec"
	"testing"
)

// pureFTPd serves one user of a PureDB file, confined to the folder.
var (
	pureFTPd    = server{name: "pure-ftpd", protocol: "ftp", start: func(t *testing.T, root string) endpoint { return startPureFTPd(t, root) }}
	pureFTPdTLS = server{name: "pure-ftpd", protocol: "ftpes", start: func(t *testing.T, root string) endpoint {
		cert, both := certificate(t)
		e := startPureFTPd(t, root, "-Y", "3", "-2", both)
		e.ca = cert
		return e
	}}
)

func startPureFTPd(t *testing.T, root string, more ...string) endpoint {
	users := configFile(t, "passwd", fmt.Sprintf("%s:%s:%d:%[3]d::%s/./::::::::::::\n", peerUser, peerHash, nobody, root))
	run(t, exec.Command(peer(t, "pure-pw"), "mkdb", users+".pdb", "-f", users))
	args := append([]string{"-A", "-E", "-H", "-u", "1", "-l", "puredb:" + users + ".pdb"}, more...)
	e := inetd(t, "ftp", peer(t, "pure-ftpd"), args...)
	e.user, e.password = peerUser, peerPassword
	return e
}
