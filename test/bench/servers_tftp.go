//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
)

// atftpd starts a thread for each transfer, and is the one peer that knows windowsize.
func atftpd() server {
	return server{name: "atftpd", start: func(b *bench) (*instance, error) {
		program, err := b.program("atftpd")
		if err != nil {
			return nil, err
		}
		port, err := freePort("udp")
		if err != nil {
			return nil, err
		}
		return b.tftpServer("atftpd", loopback, port, exec.Command(program, "--daemon", "--no-fork", "--bind-address", loopback,
			"--port", port, "--user", "nobody", "--group", "nogroup", "--logfile", "/dev/null", b.root))
	}}
}

// tftpdHPA forks for each transfer.
func tftpdHPA() server {
	return server{name: "tftpd-hpa", forks: true, start: func(b *bench) (*instance, error) {
		program, err := b.program("in.tftpd")
		if err != nil {
			return nil, err
		}
		port, err := freePort("udp")
		if err != nil {
			return nil, err
		}
		return b.tftpServer("tftpd-hpa", loopback, port,
			exec.Command(program, "-L", "-a", net.JoinHostPort(loopback, port), "-s", "-u", "nobody", b.root))
	}}
}

// dnsmasq serves all transfers from one thread, and only on port 69: so it gets an
// address of its own. Its blocks are no longer than the packets of its DNS.
func dnsmasq() server {
	return server{name: "dnsmasq", start: func(b *bench) (*instance, error) {
		program, err := b.program("dnsmasq")
		if err != nil {
			return nil, err
		}
		for range 20 {
			host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
			i, err := b.tftpServer("dnsmasq", host, "69", exec.Command(program, "--keep-in-foreground", "--conf-file=/dev/null",
				"--pid-file=", "--user=root", "--port=0", "--no-resolv", "--no-hosts", "--listen-address="+host,
				"--bind-interfaces", "--enable-tftp", "--tftp-root="+b.root, "--tftp-max=1000", "--edns-packet-max=16384", "--log-facility=/dev/null"))
			if err == nil || i == nil {
				return i, err
			}
			i.stop()
		}
		return nil, errors.New("found no address whose port 69 is free")
	}}
}
