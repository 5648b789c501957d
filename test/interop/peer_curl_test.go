package interop

import (
	"os/exec"
	"slices"
)

// curl is libcurl's tool: EPSV first, full log-in for each file. As a TFTP client it asks
// for tsize, blksize and timeout.
func curl(name, protocol string, options ...string) client {
	command := func(args ...string) *exec.Cmd {
		return exec.Command("curl", append(append([]string{"-q", "-sS"}, options...), args...)...)
	}
	c := client{
		name: name, program: "curl", protocol: protocol,
		get: func(e endpoint, remote, local string) *exec.Cmd { return command("-o", local, e.url(remote)) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command("-T", local, e.url(remote)) },
	}
	switch protocol {
	case "ftp":
		c.missing = 78
		c.list = func(e endpoint, dir string) *exec.Cmd { return command(e.url(dir + "/")) }
	case "tftp":
		c.missing = 68
		c.noEmpty = !slices.Contains(options, "--tftp-no-options") // it calls "tsize 0" invalid
	}
	return c
}
