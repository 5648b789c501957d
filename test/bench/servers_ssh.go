//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
)

// identity makes the key by which the clients log in, once, and returns its file.
func (b *bench) identity() (string, error) {
	file := filepath.Join(b.dir, "identity")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, keygen(b.ctx, file)
}

func keygen(ctx context.Context, file string) error {
	out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ssh-keygen: %w: %s", err, out)
	}
	return nil
}

// openSSH is sshd with its sftp-server, at its defaults where those matter.
func openSSH() server {
	return server{name: "OpenSSH", forks: true, start: func(b *bench) (*instance, error) {
		program, err := b.program("sshd")
		if err != nil {
			return nil, err
		}
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		if os.Getuid() == 0 {
			if _, err := user.Lookup("sshd"); err != nil {
				return nil, missing("OpenSSH", "sshd wants a user of that name")
			}
			if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
				return nil, err
			}
		}
		dir, err := b.folder("sshd")
		if err != nil {
			return nil, err
		}
		identity, err := b.identity()
		if err != nil {
			return nil, err
		}
		host := filepath.Join(dir, "host")
		if err := keygen(b.ctx, host); err != nil {
			return nil, err
		}
		port, err := freePort("tcp")
		if err != nil {
			return nil, err
		}
		helper := filepath.Join(filepath.Dir(filepath.Dir(program)), "lib/openssh/sftp-server")
		conf, err := b.config("sshd_config", fmt.Sprintf(`
ListenAddress %s
Port %s
HostKey %s
AuthorizedKeysFile %s.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 1000
Subsystem sftp %s
`, loopback, port, host, identity, helper))
		if err != nil {
			return nil, err
		}
		p, err := b.run("sshd", exec.Command(program, "-D", "-e", "-f", conf))
		if err != nil {
			return nil, err
		}
		i := &instance{process: p, host: loopback, ssh: port, user: me.Username, base: b.root + "/"}
		return i, p.until(b.ctx, func() bool { return speaksSSH(b.ctx, net.JoinHostPort(i.host, port)) })
	}}
}

func speaksSSH(ctx context.Context, address string) bool {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "SSH-2.0-")
}

// sftp runs OpenSSH's client with the lines of a batch.
func (b *bench) sftp(ctx context.Context, i *instance, batch string, options ...string) error {
	identity, err := b.identity()
	if err != nil {
		return err
	}
	args := append([]string{
		"-q", "-F", "none", "-i", identity, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-P", i.ssh, "-b", "-",
	}, options...)
	cmd := exec.CommandContext(ctx, "sftp", append(args, i.user+"@"+i.host)...)
	cmd.Stdin = strings.NewReader(batch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("sftp: %w", err), errors.New(string(out[max(0, len(out)-500):])))
	}
	return nil
}
