package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The user of the servers that want a password, and what crypt(3) makes of it.
const (
	peerUser     = "cisco"
	peerPassword = "c1sco-pass"
	peerHash     = "$6$interop$Ln2cYI5LBPWq7Jjak55.q2GLTmsZhwV30tIPjOUrtVTB61QclY/dQ/AGg1hKRj6h4rBpZkrulFl3HKZ41VRpO0"
	nobody       = 65534
)

// proftpd serves one user, confined to the folder. With TLS it wants data connections to
// resume the session of the control connection.
var (
	proftpd    = server{name: "proftpd", protocol: "ftp", start: func(t *testing.T, root string) endpoint { return startProftpd(t, root) }}
	proftpdTLS = server{name: "proftpd", protocol: "ftpes", start: func(t *testing.T, root string) endpoint {
		cert, both := certificate(t)
		e := startProftpd(t, root,
			"ModulePath "+filepath.Join(filepath.Dir(peer(t, "proftpd")), "../lib/proftpd"), "LoadModule mod_tls.c",
			"TLSEngine on", "TLSRequired on", "TLSProtocol TLSv1.2 TLSv1.3",
			"TLSRSACertificateFile "+both, "TLSRSACertificateKeyFile "+both)
		e.ca = cert
		return e
	}}
)

func startProftpd(t *testing.T, root string, more ...string) endpoint {
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
%[3]s
`, users, state, strings.Join(more, "\n"))))
	e.user, e.password = peerUser, peerPassword
	return e
}

// proftpdSFTP is mod_sftp. It speaks SFTP 3 to 6.
var proftpdSFTP = server{name: "proftpd", protocol: "sftp", noScp: true, start: func(t *testing.T, root string) endpoint {
	host := sshKey(t, "-t", "rsa", "-b", "2048", "-m", "PEM")
	e := startProftpd(t, root,
		"ModulePath "+filepath.Join(filepath.Dir(peer(t, "proftpd")), "../lib/proftpd"), "LoadModule mod_sftp.c",
		"SFTPEngine on", "SFTPHostKey "+host, "SFTPAuthMethods password")
	e.protocol, e.hostKey = "sftp", fingerprint(t, host)
	e.identity = "/dev/null" // it takes passwords only
	return e
}}
