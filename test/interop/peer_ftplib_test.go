package interop

import "os/exec"

// ftplib is the client in Python's standard library. It asks for no features.
func ftplib() client {
	const open = `
import ftplib, sys
host, port, user, password = sys.argv[1:5]
ftp = ftplib.FTP()
ftp.connect(host, int(port))
ftp.login(user, password)
`
	command := func(e endpoint, script string, args ...string) *exec.Cmd {
		return exec.Command("/usr/bin/python3",
			append([]string{"-c", open + script, e.host, e.port, e.user, e.password}, args...)...)
	}
	return client{
		name: "ftplib", program: "/usr/bin/python3", protocol: "ftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, `
with open(sys.argv[6], "wb") as f:
    ftp.retrbinary("RETR " + sys.argv[5], f.write)
ftp.quit()`, remote, local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, `
with open(sys.argv[5], "rb") as f:
    ftp.storbinary("STOR " + sys.argv[6], f)
ftp.quit()`, local, remote)
		},
		list: func(e endpoint, dir string) *exec.Cmd {
			return command(e, `
ftp.dir(sys.argv[5])
names = ftp.nlst(sys.argv[5])
print(names)
ftp.quit()`, dir)
		},
		missing: 1,
	}
}
