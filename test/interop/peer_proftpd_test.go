package interop

import (
	"fmt"
	"os"
	"testing"
)

// The user of the servers that want a password, and what crypt(3) makes of it.
const (
	peerUser     = "cisco"
	peerPassword = "c1sco-pass"
	peerHash     = "$6$interop$Ln2cYI5LBPWq7Jjak55.q2GLTmsZhwV30tIPjOUrtVTB61QclY/dQ/AGg1hKRj6h4rBpZkrulFl3HKZ41VRpO0"
	nobody       = 65534
)

// proftpd serves one user, confined to the folder.
var proftpd = server{
	name: "proftpd", protocol: "ftp",
	start: func(t *testing.T, root string) endpoint {
		users := configFile(t, "passwd", fmt.Sprintf("%s:%s:%d:%[3]d::%s:/bin/sh\n", peerUser, peerHash, nobody, root))
		if err := os.Chmod(users, 0o600); err != nil { // or mod_auth_file refuses it
			t.Fatal(err)
		}
		state := folder(t)
		e := inetd(t, "ftp", peer(t, "proftpd"), "-c", configFile(t, "proftpd.conf", fmt.Sprintf(`
ServerType inetd
User nobody
Group nogroup
DefaultRoot ~
AuthOrder mod_auth_file.c
AuthUserFile %s
RequireValidShell off
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
DelayEngine off
UseReverseDNS off
WtmpLog off
ScoreboardFile %s/scoreboard
PidFile %[2]s/pid
SystemLog %[2]s/log
TransferLog none
`, users, state)))
		e.user, e.password = peerUser, peerPassword
		return e
	},
}
