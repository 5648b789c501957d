package interop

import (
	"os/exec"
	"strings"
	"testing"
)

// atftp asks for no options but those that are named, each as "blksize 1428".
func atftp(name string, options ...string) client {
	var flags []string
	for _, o := range options {
		flags = append(flags, "--option", o)
	}
	command := func(e endpoint, args ...string) *exec.Cmd {
		return exec.Command("atftp", append(append(flags[:len(flags):len(flags)], args...), e.host, e.port)...)
	}
	return client{
		name: name, program: "atftp", protocol: "tftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "--get", "-r", remote, "-l", local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "--put", "-l", local, "-r", remote)
		},
		missing: 255, slow: len(options) == 0,
	}
}

// atftpd knows windowsize besides the usual options. It acknowledges the last block before
// it closes the file.
var atftpd = server{
	name: "atftpd", protocol: "tftp",
	start: func(t *testing.T, root string) endpoint {
		log := new(transcript)
		e := inetdWait(t, "tftp", log, peer(t, "atftpd"), "--user", "nobody", "--group", "nogroup",
			"--logfile", "-", "--verbose=7", root)
		e.settled = func() {
			log.await(t, "as many ends as beginnings", func(text string) bool {
				return strings.Count(text, "Server thread exiting") == strings.Count(text, "Creating new socket")
			})
		}
		return e
	},
}
