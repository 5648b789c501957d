package interop

import (
	"os/exec"
)

// puttyOptions let a client of PuTTY in by its password.
func puttyOptions(e endpoint) []string {
	return []string{"-batch", "-hostkey", e.hostKey, "-P", e.port, "-pw", e.password}
}

// psftp is PuTTY's sftp.
func psftp() client {
	script := `printf '%s\n' "$1" >"$HOME/batch"; shift; exec psftp -b "$HOME/batch" "$@"`
	command := func(e endpoint, line string) *exec.Cmd {
		return exec.Command("sh", append(append([]string{"-c", script, "sh", line}, puttyOptions(e)...), e.user+"@"+e.host)...)
	}
	return client{
		name: "psftp", program: "psftp", protocol: "sftp", missing: 2, slow: true,
		get:  func(e endpoint, remote, local string) *exec.Cmd { return command(e, "get "+remote+" "+local) },
		put:  func(e endpoint, local, remote string) *exec.Cmd { return command(e, "put "+local+" "+remote) },
		list: func(e endpoint, dir string) *exec.Cmd { return command(e, "ls "+dir) },
	}
}

// pscp is PuTTY's scp: over SFTP, or as it was.
func pscp(name, protocol string) client {
	command := func(e endpoint, from, to string) *exec.Cmd {
		return exec.Command("pscp", append(append([]string{protocol}, puttyOptions(e)...), from, to)...)
	}
	at := func(e endpoint, remote string) string { return e.user + "@" + e.host + ":" + remote }
	return client{
		name: name, program: "pscp", protocol: "sftp", missing: 1,
		get: func(e endpoint, remote, local string) *exec.Cmd { return command(e, at(e, remote), local) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command(e, local, at(e, remote)) },
	}
}
