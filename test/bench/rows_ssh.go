//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"
)

// gcm is the cipher that processors are made for. OpenSSH before 10 takes another one if
// it is not asked.
const gcm = "aes128-gcm@openssh.com"

// sshRows are what is asked of the SSH server.
func sshRows(s scale) []row {
	peers := []string{openSSH().name}
	all := []server{dray(), openSSH()}
	stream := fmt.Sprintf("%d MiB", s.stream>>20)
	targets := []target{{elapsed, peers, 1, 0.7}, {cpu, peers, 1.25, 1}}
	time := func(must, beyond float64) []target { return []target{{elapsed, peers, must, beyond}} }
	return []row{
		{name: "SFTP get " + stream, unit: "file", octets: s.stream, servers: all, run: sftpGet(), targets: targets},
		{name: "SFTP put " + stream, unit: "file", octets: s.stream, servers: all, run: sftpPut(), targets: targets},
		{name: "SFTP get " + stream + ", aes128-gcm", unit: "file", octets: s.stream, servers: all, run: sftpGet("-c", gcm), targets: targets},
		{name: "SFTP put " + stream + ", aes128-gcm", unit: "file", octets: s.stream, servers: all, run: sftpPut("-c", gcm), targets: targets},
		{name: fmt.Sprintf("SFTP get %d × 4 KiB", s.files), unit: "file", servers: all, run: sftpGetSmall, targets: time(1, 0.7)},
		{name: fmt.Sprintf("SFTP put %d × 4 KiB", s.files), unit: "file", servers: all, run: sftpPutSmall, targets: time(1, 0.7)},
		{name: fmt.Sprintf("SSH log-in by key × %d", s.logins/2), unit: "log-in", servers: all, run: sshLogins, targets: time(0.5, 0.25)},
		{name: fmt.Sprintf("SFTP idle sessions, %d", s.idle/10), unit: "session", rounds: 1, servers: all, run: sshIdle,
			targets: []target{{of: memory, must: 96 << 10, beyond: 32 << 10}}},
	}
}

// batch measures what a batch of OpenSSH's sftp takes, its log-in included.
func (b *bench) batch(ctx context.Context, s server, units int, text func(i *instance) string, options ...string) (sample, error) {
	return b.cost(s, units, func(i *instance) (time.Duration, error) {
		begun := time.Now()
		err := b.sftp(ctx, i, text(i), options...)
		return time.Since(begun), err
	})
}

func sftpGet(options ...string) func(ctx context.Context, b *bench, s server) (sample, error) {
	return func(ctx context.Context, b *bench, s server) (sample, error) {
		return b.batch(ctx, s, 1, func(i *instance) string { return "get " + i.base + bigFile + " /dev/null" }, options...)
	}
}

func sftpPut(options ...string) func(ctx context.Context, b *bench, s server) (sample, error) {
	return func(ctx context.Context, b *bench, s server) (sample, error) {
		cost, err := b.batch(ctx, s, 1, func(i *instance) string {
			return "put " + filepath.Join(b.root, bigFile) + " " + i.base + uploadDir + "/stored"
		}, options...)
		if err != nil {
			return nil, err
		}
		stored := filepath.Join(b.root, uploadDir, "stored")
		if i, err := os.Stat(stored); err != nil || i.Size() != b.options.scale.stream {
			return nil, fmt.Errorf("stored %v, %w", i, err)
		}
		return cost, os.Remove(stored)
	}
}

func sftpGetSmall(ctx context.Context, b *bench, s server) (sample, error) {
	to, err := b.folder("got")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(to)
	cost, err := b.batch(ctx, s, b.options.scale.files, func(i *instance) string {
		return "get " + i.base + smallDir + "/* " + to + "/"
	})
	if err != nil {
		return nil, err
	}
	return cost, b.counted(to)
}

func sftpPutSmall(ctx context.Context, b *bench, s server) (sample, error) {
	to := filepath.Join(b.root, uploadDir, "many")
	if err := os.Mkdir(to, 0o777); err != nil {
		return nil, err
	}
	defer os.RemoveAll(to)
	cost, err := b.batch(ctx, s, b.options.scale.files, func(i *instance) string {
		return "put " + filepath.Join(b.root, smallDir) + "/* " + i.base + uploadDir + "/many/"
	})
	if err != nil {
		return nil, err
	}
	return cost, b.counted(to)
}

// counted wants all small files in a folder.
func (b *bench) counted(dir string) error {
	names, err := os.ReadDir(dir)
	if err == nil && len(names) != b.options.scale.files {
		err = fmt.Errorf("%d files of %d", len(names), b.options.scale.files)
	}
	return err
}

// sshLogin logs in by key. from is the address to come from, "" for any.
func (b *bench) sshLogin(ctx context.Context, i *instance, from string) (*ssh.Client, error) {
	identity, err := b.identity()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(identity)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, net.JoinHostPort(i.host, i.ssh), from)
	if err != nil {
		return nil, err
	}
	conn, channels, requests, err := ssh.NewClientConn(c, i.host, &ssh.ClientConfig{
		User: i.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Config: ssh.Config{KeyExchanges: []string{ssh.KeyExchangeCurve25519}}, // which both have
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func sshLogins(ctx context.Context, b *bench, s server) (sample, error) {
	n := s.share(b.options.scale.logins / 2)
	return b.cost(s, n, func(i *instance) (time.Duration, error) {
		begun := time.Now()
		for range n {
			c, err := b.sshLogin(ctx, i, "")
			if err != nil {
				return 0, err
			}
			c.Close()
		}
		return time.Since(begun), nil
	})
}

// sshIdle opens SFTP sessions that do nothing.
func sshIdle(ctx context.Context, b *bench, s server) (sample, error) {
	return b.growth(s, s.share(b.options.scale.idle/10), func(i *instance, from string) (io.Closer, error) {
		c, err := b.sshLogin(ctx, i, from)
		if err != nil {
			return nil, err
		}
		if err := begin(c); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	})
}

// begin begins SFTP: INIT, and all of VERSION.
func begin(c *ssh.Client) error {
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.RequestSubsystem("sftp"); err != nil {
		return err
	}
	if _, err := in.Write([]byte{0, 0, 0, 5, 1, 0, 0, 0, 3}); err != nil {
		return err
	}
	var head [4]byte
	if _, err := io.ReadFull(out, head[:]); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, out, int64(binary.BigEndian.Uint32(head[:])))
	return err
}
