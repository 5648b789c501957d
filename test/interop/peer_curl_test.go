package interop

import (
	"os/exec"
	"slices"
)

// curl is libcurl's tool: EPSV first, full log-in for each file. As a TFTP client it asks
// for tsize, blksize and timeout, and calls the size 0 in an answer invalid.
func curl(name, protocol string, options ...string) client {
	command := func(e endpoint, args ...string) *exec.Cmd {
		all := append([]string{"-q", "-sS"}, options...)
		if e.ca != "" {
			all = append(all, "--cacert", e.ca)
		}
		return exec.Command("curl", append(all, args...)...)
	}
	c := client{
		name: name, program: "curl", protocol: protocol,
		get: func(e endpoint, remote, local string) *exec.Cmd { return command(e, "-o", local, e.url(remote)) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command(e, "-T", local, e.url(remote)) },
	}
	if protocol == "tftp" {
		c.missing = 68
		c.slow = !slices.Contains(options, "--tftp-blksize")
		c.noEmpty = !slices.Contains(options, "--tftp-no-options")
		return c
	}
	c.missing = 78
	c.list = func(e endpoint, dir string) *exec.Cmd { return command(e, e.url(dir+"/")) }
	return c
}

// curlSSH is curl over libssh2. It is not told the key of the server.
func curlSSH(protocol string) client {
	c := curl("curl "+protocol, protocol, "--insecure")
	get, put, list := c.get, c.put, c.list
	c.get = func(e endpoint, remote, local string) *exec.Cmd { return get(e.as(protocol), remote, local) }
	c.put = func(e endpoint, local, remote string) *exec.Cmd { return put(e.as(protocol), local, remote) }
	c.list = func(e endpoint, dir string) *exec.Cmd { return list(e.as(protocol), dir) }
	if protocol == "scp" {
		c.list = nil
	}
	return c
}
