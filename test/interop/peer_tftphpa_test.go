package interop

import (
	"os/exec"
	"testing"
)

// tftpHPA is the client of Linux distributions. It knows no options, and it asks for
// netascii unless told otherwise.
func tftpHPA(mode string) client {
	command := func(e endpoint, args ...string) *exec.Cmd {
		return exec.Command("tftp", append([]string{e.host, e.port, "-m", mode, "-c"}, args...)...)
	}
	return client{
		name: "tftp-hpa " + mode, program: "tftp", protocol: "tftp",
		get: func(e endpoint, remote, local string) *exec.Cmd { return command(e, "get", remote, local) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command(e, "put", local, remote) },
	}
}

// tftpdHPA is the server of Linux distributions: tsize, blksize, timeout.
var tftpdHPA = server{
	name: "tftpd-hpa", protocol: "tftp",
	start: func(t *testing.T, root string) endpoint {
		return inetdWait(t, "tftp", new(transcript), peer(t, "in.tftpd"), "-c", "-p", "-s", "-u", "nobody", "-U", "022", root)
	},
}
