package interop

import "os/exec"

// ftplibRun runs Python with the client of its standard library, which it asks for no
// features, logged in as ftp. prepare is Python too: it may put another kind of client into
// ftp, which is not yet connected. Its arguments are from sys.argv[6] on.
func ftplibRun(e endpoint, prepare, script string, args ...string) *exec.Cmd {
	script = "import ftplib, ssl, sys\n" +
		"host, port, user, password, ca = sys.argv[1:6]\n" +
		"ftp = ftplib.FTP()\n" +
		prepare +
		"ftp.connect(host, int(port))\n" +
		"ftp.login(user, password)\n" +
		"if ca: ftp.prot_p()\n" +
		script
	return exec.Command("/usr/bin/python3",
		append([]string{"-c", script, e.host, e.port, e.user, e.password, e.ca}, args...)...)
}

// ftplib is that client. prepare is as for ftplibRun.
func ftplib(name, prepare string) client {
	command := func(e endpoint, script string, args ...string) *exec.Cmd {
		return ftplibRun(e, prepare, script, args...)
	}
	return client{
		name: name, program: "/usr/bin/python3", protocol: "ftp",
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, `
with open(sys.argv[7], "wb") as f:
    ftp.retrbinary("RETR " + sys.argv[6], f.write)
ftp.quit()`, remote, local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, `
with open(sys.argv[6], "rb") as f:
    ftp.storbinary("STOR " + sys.argv[7], f)
ftp.quit()`, local, remote)
		},
		list: func(e endpoint, dir string) *exec.Cmd {
			return command(e, `
ftp.dir(sys.argv[6])
names = ftp.nlst(sys.argv[6])
print(names)
ftp.quit()`, dir)
		},
		missing: 1,
	}
}

// ftplibTLS is ftplib with TLS up to a version such as "TLSv1_2". As shipped it never resumes
// a session for a data connection; its users teach it to.
func ftplibTLS(name, version string, resume bool) client {
	return ftplib(name, ftplibSecure(version, resume))
}

// ftplibSecure is what to prepare for that.
func ftplibSecure(version string, resume bool) string {
	session := "None"
	if resume {
		session = "self.sock.session"
	}
	return `
class TLS(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(conn, server_hostname=self.host, session=` + session + `), size
context = ssl.create_default_context(cafile=ca)
context.maximum_version = ssl.TLSVersion.` + version + `
ftp = TLS(context=context)
`
}
