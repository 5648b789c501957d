package interop

import (
	"fmt"
	"os/exec"
	"testing"
)

// pureFTPd serves one user of a PureDB file, confined to the folder.
var pureFTPd = server{
	name: "pure-ftpd", protocol: "ftp",
	start: func(t *testing.T, root string) endpoint {
		users := configFile(t, "passwd", fmt.Sprintf("%s:%s:%d:%[3]d::%s/./::::::::::::\n", peerUser, peerHash, nobody, root))
		run(t, exec.Command(peer(t, "pure-pw"), "mkdb", users+".pdb", "-f", users))
		e := inetd(t, "ftp", peer(t, "pure-ftpd"), "-A", "-E", "-H", "-u", "1", "-l", "puredb:"+users+".pdb")
		e.user, e.password = peerUser, peerPassword
		return e
	},
}
