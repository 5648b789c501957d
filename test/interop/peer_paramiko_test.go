package interop

import "os/exec"

// paramiko is Python's SSH. It asks for the whole file ahead, and looks at the size of what
// it has sent.
func paramiko() client {
	command := func(e endpoint, script string, args ...string) *exec.Cmd {
		script = "import paramiko, sys\n" +
			"host, port, user, password = sys.argv[1:5]\n" +
			"t = paramiko.Transport((host, int(port)))\n" +
			"t.connect(username=user, password=password)\n" +
			"s = paramiko.SFTPClient.from_transport(t)\n" +
			script + "\nt.close()"
		return exec.Command("/usr/bin/python3", append([]string{"-c", script, e.host, e.port, e.user, e.password}, args...)...)
	}
	return client{
		name: "paramiko", program: "/usr/bin/python3", protocol: "sftp", missing: 1, rereads: true, slow: true,
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "s.get(sys.argv[5], sys.argv[6])", remote, local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "s.put(sys.argv[5], sys.argv[6])", local, remote)
		},
		list: func(e endpoint, dir string) *exec.Cmd { return command(e, "print(s.listdir(sys.argv[5]))", dir) },
	}
}
