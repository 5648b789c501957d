//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// dray serves both protocols. Its log is on, as it is by default.
func dray() server {
	return server{name: "dray", start: func(b *bench) (*instance, error) {
		dir, err := b.folder("dray")
		if err != nil {
			return nil, err
		}
		cert, key, err := b.certificate()
		if err != nil {
			return nil, err
		}
		identity, err := b.identity()
		if err != nil {
			return nil, err
		}
		ports := filepath.Join(dir, "ports")
		p, err := b.run("dray", exec.Command(b.binary, "serve", b.root, "--listen", loopback, "--ftp", "0", "--tftp", "0", "--sftp", "0",
			"--user", benchUser+":"+benchPassword, "--write", "--ports-file", ports,
			"--state-dir", dir, "--tls-cert", cert, "--tls-key", key, "--authorized-keys", identity+".pub"))
		if err != nil {
			return nil, err
		}
		i := &instance{process: p, host: loopback, user: benchUser, password: benchPassword, base: "/"}
		return i, p.until(b.ctx, func() bool {
			text, err := os.ReadFile(ports)
			for line := range strings.Lines(string(text)) {
				protocol, address, _ := strings.Cut(strings.TrimSpace(line), " ")
				port := address[strings.LastIndexByte(address, ':')+1:]
				switch protocol {
				case "ftp":
					i.ftp = port
				case "tftp":
					i.tftp = port
				case "sftp":
					i.ssh = port
				}
			}
			return err == nil
		})
	}}
}

// vsftpd serves guests, who may write. It is left at its defaults where those matter:
// sendfile is on, and there is no log of transfers.
func vsftpd() server {
	return vsftpdWith("vsftpd", func(*bench) (string, error) { return "", nil })
}

// vsftpdTLS is one that has TLS too, for those who ask for it.
func vsftpdTLS() server {
	return vsftpdWith("vsftpd with TLS", func(b *bench) (string, error) {
		cert, key, err := b.certificate()
		return fmt.Sprintf(`
ssl_enable=YES
allow_anon_ssl=YES
force_local_data_ssl=NO
force_local_logins_ssl=NO
rsa_cert_file=%s
rsa_private_key_file=%s
ssl_ciphers=HIGH
strict_ssl_read_eof=NO
`, cert, key), err
	})
}

func vsftpdWith(name string, more func(b *bench) (string, error)) server {
	return server{name: name, forks: true, start: func(b *bench) (*instance, error) {
		program, err := b.program("vsftpd")
		if err != nil {
			return nil, err
		}
		extra, err := more(b)
		if err != nil {
			return nil, err
		}
		port, err := freePort("tcp")
		if err != nil {
			return nil, err
		}
		empty, err := b.folder("empty")
		if err != nil {
			return nil, err
		}
		conf, err := b.config("vsftpd.conf", fmt.Sprintf(`
listen=YES
listen_address=%s
listen_port=%s
background=NO
max_clients=0
max_per_ip=0
anonymous_enable=YES
anon_root=%s
anon_umask=022
anon_upload_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
write_enable=YES
connect_from_port_20=NO
ftp_username=daemon
nopriv_user=nobody
seccomp_sandbox=NO
secure_chroot_dir=%s
`, loopback, port, b.root, empty)+extra)
		if err != nil {
			return nil, err
		}
		i, err := b.ftpServer(name, port, exec.Command(program, conf))
		if i != nil {
			i.user, i.password = "anonymous", "bench@"
		}
		return i, err
	}}
}

// proftpd serves one user, whose password is kept as MD5 so that hashing it takes no time
// worth mentioning.
func proftpd() server {
	const hash = "$1$bench$IDaFocGqo.f39hZ5dc3P7."
	return server{name: "proftpd", forks: true, start: func(b *bench) (*instance, error) {
		program, err := b.program("proftpd")
		if err != nil {
			return nil, err
		}
		port, err := freePort("tcp")
		if err != nil {
			return nil, err
		}
		users, err := b.config("passwd", fmt.Sprintf("%s:%s:65534:65534::%s:/bin/sh\n", benchUser, hash, b.root))
		if err != nil {
			return nil, err
		}
		state, err := b.folder("state")
		if err != nil {
			return nil, err
		}
		conf, err := b.config("proftpd.conf", fmt.Sprintf(`
ServerType standalone
DefaultAddress %s
SocketBindTight on
Port %s
MaxInstances none
User nobody
Group nogroup
DefaultRoot ~
AuthOrder mod_auth_file.c
AuthUserFile %s
RequireValidShell off
AllowOverwrite on
DelayEngine off
UseReverseDNS off
WtmpLog off
ScoreboardFile %s/scoreboard
PidFile %[4]s/pid
SystemLog none
TransferLog none
`, loopback, port, users, state))
		if err != nil {
			return nil, err
		}
		return b.ftpServer("proftpd", port, exec.Command(program, "-n", "-q", "-c", conf))
	}}
}

// pyftpdlib serves one user, without its bounds on connections.
func pyftpdlib() server {
	const script = `
import resource, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
host, port, user, password, root = sys.argv[1:]
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(user, password, root, perm="elradfmwMT")
FTPServer.max_cons = 0
FTPServer((host, int(port)), FTPHandler).serve_forever()
`
	return server{name: "pyftpdlib", start: func(b *bench) (*instance, error) {
		python, err := b.program("/usr/bin/python3")
		if err != nil {
			return nil, err
		}
		if out, err := exec.Command(python, "-c", "import pyftpdlib").CombinedOutput(); err != nil {
			return nil, missing("pyftpdlib", string(bytes.TrimSpace(out)))
		}
		port, err := freePort("tcp")
		if err != nil {
			return nil, err
		}
		return b.ftpServer("pyftpdlib", port, exec.Command(python, "-c", script, loopback, port, benchUser, benchPassword, b.root))
	}}
}
