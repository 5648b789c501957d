package interop

import "os/exec"

// busyboxFTP is ftpget and ftpput, as on many embedded devices.
func busyboxFTP() client {
	command := func(e endpoint, applet string, args ...string) *exec.Cmd {
		login := []string{applet, "-P", e.port}
		if e.user != "" {
			login = append(login, "-u", e.user, "-p", e.password)
		}
		return exec.Command("busybox", append(append(login, e.host), args...)...)
	}
	return client{
		name: "busybox ftpget", program: "busybox", protocol: "ftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "ftpget", local, remote)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "ftpput", remote, local)
		},
		missing: 1,
	}
}

// busyboxTFTP sends a packet again after a tenth of a second.
func busyboxTFTP(name string, options ...string) client {
	command := func(e endpoint, args ...string) *exec.Cmd {
		return exec.Command("busybox", append(append(append([]string{"tftp"}, options...), args...), e.host, e.port)...)
	}
	return client{
		name: name, program: "busybox", protocol: "tftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "-g", "-r", remote, "-l", local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "-p", "-l", local, "-r", remote)
		},
		missing: 1, slow: len(options) == 0,
	}
}
