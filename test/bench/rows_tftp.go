//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"dray/tftp"
)

// transferRow is one kind of TFTP transfer.
type transferRow struct {
	block, window int
	must, beyond  float64 // of the time
}

// tftpRows are what issue and reference ask of the TFTP server.
func tftpRows(s scale) []row {
	stepping := []server{dray(), atftpd(), tftpdHPA(), dnsmasq()}
	names := []string{atftpd().name, tftpdHPA().name, dnsmasq().name}
	windowed := []server{dray(), atftpd()}
	var rows []row
	for _, t := range []transferRow{
		{512, 1, 1, 1 / 1.3},
		{1428, 1, 1, 1 / 1.5},
		{8192, 1, 1, 1 / 1.5},
		{1428, 16, 1. / 2, 1. / 4},
		{1428, 64, 1. / 3, 1. / 6},
	} {
		name, second, servers, peers := fmt.Sprintf("TFTP %d lock-step", t.block), curlTFTP(t), stepping, names
		if t.window > 1 {
			name, second = fmt.Sprintf("TFTP %d, windowsize %d", t.block, t.window), atftp(t)
			servers, peers = windowed, []string{atftpd().name}
		}
		r := row{unit: "file", octets: s.tftp, servers: servers, limit: datagramLoop(t),
			targets: []target{{elapsed, peers, t.must, t.beyond}, {cpu, peers, 1, 0.5}}}
		for _, c := range []client{own(t), second} {
			r.name, r.run = name+c.suffix, c.run
			rows = append(rows, r)
		}
	}
	return append(rows,
		row{name: "TFTP 64 at once, 1428 lock-step", unit: "file", octets: s.many, servers: stepping, run: atOnce,
			targets: []target{{elapsed, []string{dnsmasq().name}, 1, 0.5}, {cpu, names, 1, 0.5}}},
		row{name: fmt.Sprintf("TFTP %d at once, windowsize 16", s.crowd), unit: "file", octets: crowdSize, rounds: 1,
			servers: []server{dray()}, run: crowd, targets: []target{{of: unfair, must: 2}}},
		row{name: fmt.Sprintf("TFTP idle sessions, %d", s.crowd), unit: "session", rounds: 1,
			servers: []server{dray()}, run: stalled, targets: []target{{of: memory, must: 16 << 10, beyond: 10 << 10}}},
	)
}

// tftpURL names a file of a server.
func (i *instance) tftpURL(name string) tftp.URL {
	port, _ := strconv.Atoi(i.tftp)
	return tftp.URL{Host: i.host, Port: port, Name: name}
}

// get fetches a file with the client of this tree. The whole must come, in the blocks and
// windows that were asked for.
func (t transferRow) get(ctx context.Context, i *instance, name string, size int64, w io.Writer) (time.Duration, error) {
	c := tftp.Client{BlockSize: t.block, WindowSize: t.window}
	got, err := c.Get(ctx, i.tftpURL(name), w)
	switch o := got.Negotiated; {
	case err != nil:
	case got.Bytes != size:
		err = fmt.Errorf("got %d of %d octets", got.Bytes, size)
	case t.block != tftp.DefaultBlockSize && o.BlockSize != t.block, t.window > 1 && o.WindowSize != t.window:
		err = fmt.Errorf("got blocks of %d octets in windows of %d", o.BlockSize, o.WindowSize)
	}
	return got.Duration, err
}

// client fetches the file of a row.
type client struct {
	suffix string // of the name of the row
	run    func(ctx context.Context, b *bench, s server) (sample, error)
}

// own is the client of this tree.
func own(t transferRow) client {
	return client{"", func(ctx context.Context, b *bench, s server) (sample, error) {
		return b.cost(s, 1, func(i *instance) (time.Duration, error) {
			return t.get(ctx, i, tftpFile, b.options.scale.tftp, io.Discard)
		})
	}}
}

// curlTFTP is the second client of lock-step transfers.
func curlTFTP(t transferRow) client {
	return client{" (curl)", func(ctx context.Context, b *bench, s server) (sample, error) {
		return b.cost(s, 1, func(i *instance) (time.Duration, error) {
			return curl(ctx, "--tftp-blksize", strconv.Itoa(t.block), "-o", "/dev/null",
				"tftp://"+net.JoinHostPort(i.host, i.tftp)+"/"+tftpFile)
		})
	}}
}

// atftp is the second client of transfers in windows. The time is that of the process.
func atftp(t transferRow) client {
	return client{" (atftp)", func(ctx context.Context, b *bench, s server) (sample, error) {
		local := filepath.Join(b.dir, "atftp")
		took, err := b.cost(s, 1, func(i *instance) (time.Duration, error) {
			cmd := exec.CommandContext(ctx, "atftp", "--option", "blksize "+strconv.Itoa(t.block),
				"--option", "windowsize "+strconv.Itoa(t.window), "--get", "-r", tftpFile, "-l", local, i.host, i.tftp)
			begun := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%q: %w: %s", cmd.Args, err, out)
			}
			return time.Since(begun), err
		})
		fetched, statErr := os.Stat(local)
		if err := errors.Join(err, statErr); err != nil {
			return nil, err
		}
		if fetched.Size() != b.options.scale.tftp {
			return nil, fmt.Errorf("fetched %d octets", fetched.Size())
		}
		return took, os.Remove(local)
	}}
}

// together runs n transfers at once and returns the time of each, the shortest first.
func together(n int, one func(k int) (time.Duration, error)) ([]time.Duration, error) {
	times := make([]time.Duration, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { times[k], errs[k] = one(k) })
	}
	wg.Wait()
	slices.Sort(times)
	return times, errors.Join(errs...)
}

func atOnce(ctx context.Context, b *bench, s server) (sample, error) {
	const n = 64
	t := transferRow{block: 1428, window: 1}
	return b.cost(s, n, func(i *instance) (time.Duration, error) {
		begun := time.Now()
		_, err := together(n, func(int) (time.Duration, error) {
			return t.get(ctx, i, manyFile, b.options.scale.many, io.Discard)
		})
		return time.Since(begun), err
	})
}

// crowd checks that every one of many transfers gets the right content and its share.
func crowd(ctx context.Context, b *bench, s server) (sample, error) {
	want, err := digest(filepath.Join(b.root, crowdFile))
	if err != nil {
		return nil, err
	}
	n := b.options.scale.crowd
	t := transferRow{block: 1428, window: 16}
	var times []time.Duration
	cost, err := b.cost(s, n, func(i *instance) (time.Duration, error) {
		begun := time.Now()
		times, err = together(n, func(int) (time.Duration, error) {
			sum := sha256.New()
			took, err := t.get(ctx, i, crowdFile, crowdSize, sum)
			if err == nil && [sha256.Size]byte(sum.Sum(nil)) != want {
				err = errors.New("got something else")
			}
			return took, err
		})
		return time.Since(begun), err
	})
	if err != nil {
		return nil, err
	}
	cost[unfair] = times[n*99/100].Seconds() / times[n/2].Seconds()
	return cost, nil
}

func digest(name string) ([sha256.Size]byte, error) {
	content, err := os.ReadFile(name)
	return sha256.Sum256(content), err
}

// stalled begins transfers, takes the first block of each and says no more, so that the
// server waits. It gives none of them up before the end.
func stalled(_ context.Context, b *bench, s server) (sample, error) {
	request := tftp.RRQ{Name: tftpFile, Mode: tftp.Octet, Options: tftp.Options{BlockSize: 1428}}.Append(nil)
	return b.growth(s, b.options.scale.crowd, func(i *instance, from string) (io.Closer, error) {
		server, err := net.ResolveUDPAddr("udp4", net.JoinHostPort(i.host, i.tftp))
		if err != nil {
			return nil, err
		}
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)})
		if err != nil {
			return nil, err
		}
		if err := beginTransfer(c, server, request); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	})
}

// beginTransfer goes as far as the first block.
func beginTransfer(c *net.UDPConn, server *net.UDPAddr, request []byte) error {
	buf := make([]byte, 2048)
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.WriteToUDP(request, server); err != nil {
		return err
	}
	_, peer, err := c.ReadFromUDP(buf)
	if err != nil {
		return err
	}
	if _, err := c.WriteToUDP(tftp.Ack{Block: 0}.Append(nil), peer); err != nil {
		return err
	}
	n, _, err := c.ReadFromUDP(buf)
	if err == nil && n < 1428 {
		err = fmt.Errorf("a packet of %d octets", n)
	}
	return err
}
