//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// datagramLoop is what the machine can do at best with one system call a datagram: one
// thread sends windows of blocks from memory, another answers each window with four
// octets. There is no file, no timer and no option.
func datagramLoop(t transferRow) func(context.Context, *bench) (sample, error) {
	return func(_ context.Context, b *bench) (sample, error) {
		from, to, err := datagramPair()
		if err != nil {
			return nil, err
		}
		defer from.Close()
		blocks := int(b.options.scale.tftp)/t.block + 1
		answered := make(chan error, 1)
		go func() {
			defer to.Close()
			_, err := onThread(func() error { return answer(to, blocks, t) })
			answered <- err
		}()
		begun := time.Now()
		cost, err := onThread(func() error { return sendWindows(from, blocks, t) })
		took := time.Since(begun)
		return sample{elapsed: took.Seconds(), cpu: cost}, errors.Join(err, <-answered)
	}
}

func sendWindows(c *os.File, blocks int, t transferRow) error {
	packet := make([]byte, 4+t.block)
	ack := make([]byte, 4)
	for n := 1; n <= blocks; n++ {
		binary.BigEndian.PutUint32(packet, uint32(n))
		if _, err := c.Write(packet); err != nil {
			return err
		}
		if n%t.window == 0 || n == blocks {
			if _, err := c.Read(ack); err != nil {
				return err
			}
		}
	}
	return nil
}

func answer(c *os.File, blocks int, t transferRow) error {
	packet := make([]byte, 4+t.block)
	for n := 1; n <= blocks; n++ {
		if _, err := c.Read(packet); err != nil {
			return err
		}
		if n%t.window == 0 || n == blocks {
			if _, err := c.Write(packet[:4]); err != nil {
				return err
			}
		}
	}
	return nil
}

// datagramPair returns two sockets that are connected to each other, as blocking files.
// A read gives up after a second: on loopback nothing is lost unless a buffer is small.
func datagramPair() (a, z *os.File, err error) {
	var sockets [2]int
	var addresses [2]unix.Sockaddr
	for i := range sockets {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, nil, err
		}
		sockets[i] = fd
		err = errors.Join(
			unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20),
		)
		if err != nil {
			return nil, nil, err
		}
		if addresses[i], err = unix.Getsockname(fd); err != nil {
			return nil, nil, err
		}
	}
	err = errors.Join(unix.Connect(sockets[0], addresses[1]), unix.Connect(sockets[1], addresses[0]))
	return os.NewFile(uintptr(sockets[0]), "sender"), os.NewFile(uintptr(sockets[1]), "receiver"), err
}
