package interop

import (
	"fmt"
	"os/exec"
	"strings"
)

// tnftp is NetBSD's ftp: EPSV or EPRT first. inetutilsFTP is GNU's: active unless told
// otherwise. Both take their commands from standard input, and always end with 0.
func tnftp() client        { return bsdFTP("tnftp") }
func inetutilsFTP() client { return bsdFTP("inetutils-ftp") }

func bsdFTP(program string) client {
	command := func(e endpoint, format string, args ...any) *exec.Cmd {
		user, password := e.user, e.password
		if user == "" {
			user, password = "anonymous", "interop@"
		}
		cmd := exec.Command(program, "-n", "-v", e.host, e.port)
		cmd.Stdin = strings.NewReader(fmt.Sprintf("user %s %s\nbinary\n", user, password) +
			fmt.Sprintf(format, args...) + "\nquit\n")
		return cmd
	}
	return client{
		name: program, program: program, protocol: "ftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "get %s %s", remote, local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "put %s %s", local, remote)
		},
		list: func(e endpoint, dir string) *exec.Cmd { return command(e, "dir %s", dir) },
	}
}
