package interop

import (
	"fmt"
	"os/exec"
)

// Settings of lftp: to do without TLS, and without its newest version.
const (
	plain = "ftp:ssl-allow no"
	tls12 = "ssl:priority NORMAL:-VERS-TLS1.3"
)

// lftp asks for features and UTF-8 before it logs in, sets the time of what it stored, and
// lists by MLSD where it can. It takes TLS where it is offered, unless told otherwise, and
// then wants a certificate that it knows.
func lftp(name string, settings ...string) client {
	command := func(e endpoint, format string, args ...any) *exec.Cmd {
		open := "set net:max-retries 2; set xfer:clobber yes; "
		for _, s := range settings {
			open += "set " + s + "; "
		}
		if e.ca != "" {
			open += "set ssl:ca-file " + e.ca + "; "
		}
		open += "open "
		if e.user != "" {
			open += fmt.Sprintf("-u %s,%s ", e.user, e.password)
		}
		open += fmt.Sprintf("%s://%s:%s; ", e.protocol, e.host, e.port)
		return exec.Command("lftp", "--norc", "-c", open+fmt.Sprintf(format, args...))
	}
	return client{
		name: name, program: "lftp", protocol: "ftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "get %s -o %s", remote, local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "put %s -o %s", local, remote)
		},
		list:    func(e endpoint, dir string) *exec.Cmd { return command(e, "ls %s", dir) },
		missing: 1,
	}
}

// lftpSFTP is lftp over OpenSSH's ssh, which it starts itself.
func lftpSFTP() client {
	command := func(e endpoint, line string) *exec.Cmd {
		ssh := "ssh -a -x"
		for _, o := range openSSHOptions(e) {
			ssh += " " + o
		}
		script := fmt.Sprintf("set net:max-retries 2; set xfer:clobber yes; set sftp:connect-program %q; open -u %s, sftp://%s:%s; %s",
			ssh, e.user, e.host, e.port, line)
		return exec.Command("lftp", "--norc", "-c", script)
	}
	return client{
		name: "lftp sftp", program: "lftp", protocol: "sftp", missing: 1, slow: true,
		get:  func(e endpoint, remote, local string) *exec.Cmd { return command(e, "get "+remote+" -o "+local) },
		put:  func(e endpoint, local, remote string) *exec.Cmd { return command(e, "put "+local+" -o "+remote) },
		list: func(e endpoint, dir string) *exec.Cmd { return command(e, "ls "+dir) },
	}
}
