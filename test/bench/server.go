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
	"strconv"
	"time"
)

// server is a program that can be measured.
type server struct {
	name  string
	forks bool // a process or more for each session, so it gets less of some work
	start func(b *bench) (*instance, error)
}

// instance is a server that runs.
type instance struct {
	*process
	host           string
	ftp, tftp, ssh string // ports
	user, password string
	base           string // where SFTP has the files: "/", or the folder itself
}

// start makes sure that s runs.
func (b *bench) start(s server) error {
	if b.running[s.name] != nil {
		return nil
	}
	i, err := s.start(b)
	if i != nil {
		b.running[s.name] = i
	}
	return err
}

// restart gives s a new process, as it is without a past.
func (b *bench) restart(s server) error {
	b.running[s.name].stop()
	delete(b.running, s.name)
	return b.start(s)
}

// complaint is the end of what a server printed.
func (b *bench) complaint(s server) error {
	i := b.running[s.name]
	if i == nil {
		return nil
	}
	text, err := os.ReadFile(i.log)
	if err != nil || len(text) == 0 {
		return err
	}
	return errors.New("it said: " + string(text[max(0, len(text)-500):]))
}

// cost measures what work costs s: the time that work returns and the CPU time of the
// server, both by the units of work done.
func (b *bench) cost(s server, units int, work func(i *instance) (time.Duration, error)) (sample, error) {
	i := b.running[s.name]
	before, alive, err := i.usage()
	if err != nil {
		return nil, err
	}
	took, err := work(i)
	if err != nil {
		return nil, err
	}
	var after float64
	settled := func() bool { // the processes of its sessions have ended, and been waited for
		var now int
		after, now, err = i.usage()
		return err != nil || now <= alive
	}
	if err := errors.Join(i.until(b.ctx, settled), err); err != nil {
		return nil, err
	}
	n := float64(units)
	return sample{elapsed: took.Seconds() / n, cpu: (after - before) / n}, nil
}

// loopback is where all servers but dnsmasq listen.
const loopback = "127.0.0.1"

// freePort is one that the kernel gives out, for programs that cannot ask it themselves.
func freePort(network string) (string, error) {
	if network == "udp" {
		c, err := net.ListenPacket("udp4", loopback+":0")
		if err != nil {
			return "", err
		}
		defer c.Close()
		return strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port), nil
	}
	l, err := net.Listen("tcp4", loopback+":0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// ftpServer runs a command that serves FTP on a port, until it greets.
func (b *bench) ftpServer(name, port string, cmd *exec.Cmd) (*instance, error) {
	p, err := b.run(name, cmd)
	if err != nil {
		return nil, err
	}
	i := &instance{process: p, host: loopback, ftp: port, user: benchUser, password: benchPassword}
	return i, p.until(b.ctx, func() bool { return greets(b.ctx, net.JoinHostPort(i.host, port)) })
}

// The user of all FTP servers, but for vsftpd, whose guests may write.
const (
	benchUser     = "bench"
	benchPassword = "bench"
)

func greets(ctx context.Context, address string) bool {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && line[:3] == "220"
}

// tftpServer runs a command that serves TFTP on an address, until it answers.
func (b *bench) tftpServer(name, host, port string, cmd *exec.Cmd) (*instance, error) {
	p, err := b.run(name, cmd)
	if err != nil {
		return nil, err
	}
	i := &instance{process: p, host: host, tftp: port}
	return i, p.until(b.ctx, func() bool { return refuses(net.JoinHostPort(host, port)) })
}

// refuses reports whether there is an answer to a request for a file that is not there.
func refuses(address string) bool {
	server, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return false
	}
	l, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return false
	}
	defer l.Close()
	l.WriteToUDP([]byte("\x00\x01no such file\x00octet\x00"), server)
	l.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	n, _, err := l.ReadFromUDP(make([]byte, 600))
	return err == nil && n > 0
}

// missing is a server of which something cannot be measured.
func missing(name, why string) error { return fmt.Errorf("%s: %w: %s", name, errCannot, why) }
