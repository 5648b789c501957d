package interop

import (
	"cmp"
	"os/exec"
	"slices"
	"testing"
)

// tftpHPA is the client of Linux distributions. It knows no options, and it asks for
// netascii unless told otherwise: an empty mode leaves it to that.
func tftpHPA(mode string) client {
	flags := []string{"-m", mode, "-c"}
	if mode == "" {
		flags = []string{"-c"}
	}
	command := func(e endpoint, args ...string) *exec.Cmd {
		return exec.Command("tftp", slices.Concat([]string{e.host, e.port}, flags, args)...)
	}
	return client{
		name: "tftp-hpa " + cmp.Or(mode, "by default"), program: "tftp", protocol: "tftp", slow: true,
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
