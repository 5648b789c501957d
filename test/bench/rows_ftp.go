//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// ftpRows are what issue and reference ask of the FTP server.
func ftpRows(s scale) []row {
	peers := []string{vsftpd().name, proftpd().name, pyftpdlib().name}
	all := []server{dray(), vsftpd(), proftpd(), pyftpdlib()}
	best := func(must, beyond float64) []target {
		return []target{{elapsed, peers, must, beyond}, {cpu, peers, must, beyond}}
	}
	time := func(must, beyond float64) []target { return best(must, beyond)[:1] }
	secure := []server{dray(), vsftpdTLS()}
	safe := []target{{of: elapsed, peers: []string{vsftpdTLS().name}, must: 0.75}}
	stream := fmt.Sprintf("%d MiB", s.stream>>20)
	return []row{
		{name: "RETR " + stream, unit: "file", octets: s.stream, servers: all, run: retrieve, limit: sendfileLoop, targets: best(1, 0.9)},
		{name: "STOR " + stream, unit: "file", octets: s.stream, servers: all, run: store, limit: receiveLoop, targets: best(1, 0.8)},
		{name: "FTPS RETR " + stream, unit: "file", octets: s.stream, servers: secure, run: retrieveTLS, limit: sealLoop, targets: safe},
		{name: "FTPS STOR " + stream, unit: "file", octets: s.stream, servers: secure, run: storeTLS, limit: sealLoop, targets: safe},
		{name: fmt.Sprintf("RETR %d × 4 KiB, one session", s.files), unit: "file", servers: all, run: retrieveSmall, targets: time(1, 0.7)},
		{name: fmt.Sprintf("LIST %d entries", s.entries), unit: "listing", servers: all, run: list("LIST"), targets: time(1, 0.5)},
		{name: fmt.Sprintf("MLSD %d entries", s.entries), unit: "listing", servers: []server{dray(), proftpd(), pyftpdlib()}, run: list("MLSD"), targets: time(1, 0.5)},
		{name: fmt.Sprintf("FTP connect, log-in, quit × %d", s.logins), unit: "log-in", servers: all, run: logins,
			targets: []target{{elapsed, []string{pyftpdlib().name}, 1, 0.7}}},
		{name: fmt.Sprintf("FTP idle sessions, %d", s.idle), unit: "session", rounds: 1, servers: all, run: idle,
			targets: []target{{of: memory, must: 16 << 10, beyond: 6 << 10}}},
	}
}

func retrieve(ctx context.Context, b *bench, s server) (sample, error) {
	return b.retrieve(ctx, s)
}

func retrieveTLS(ctx context.Context, b *bench, s server) (sample, error) {
	return b.retrieve(ctx, s, withTLS()...)
}

func (b *bench) retrieve(ctx context.Context, s server, options ...string) (sample, error) {
	return b.cost(s, 1, func(i *instance) (time.Duration, error) {
		return curl(ctx, append(options, "-u", i.user+":"+i.password, "-o", "/dev/null", i.ftpURL(bigFile))...)
	})
}

func store(ctx context.Context, b *bench, s server) (sample, error) {
	return b.store(ctx, s)
}

func storeTLS(ctx context.Context, b *bench, s server) (sample, error) {
	return b.store(ctx, s, withTLS()...)
}

// store sends a file under a new name. It is removed after, so that nobody pays for
// emptying the one of the last round.
func (b *bench) store(ctx context.Context, s server, options ...string) (sample, error) {
	name := uploadDir + "/stored"
	cost, err := b.cost(s, 1, func(i *instance) (time.Duration, error) {
		return curl(ctx, append(options, "-u", i.user+":"+i.password, "-T", filepath.Join(b.root, bigFile), i.ftpURL(name))...)
	})
	stored, statErr := os.Stat(filepath.Join(b.root, name))
	if err := errors.Join(err, statErr); err != nil {
		return nil, err
	}
	if stored.Size() != b.options.scale.stream {
		return nil, fmt.Errorf("stored %d octets", stored.Size())
	}
	return cost, os.Remove(filepath.Join(b.root, name))
}

func retrieveSmall(ctx context.Context, b *bench, s server) (sample, error) {
	files := b.options.scale.files
	return b.cost(s, files, func(i *instance) (time.Duration, error) {
		c, err := login(ctx, i, "")
		if err != nil {
			return 0, err
		}
		defer c.Close()
		if _, err := c.command(200, "TYPE I"); err != nil {
			return 0, err
		}
		begun := time.Now()
		for n := range files {
			if got, err := c.fetch(io.Discard, "RETR "+smallName(n)); err != nil || got != smallSize {
				return 0, fmt.Errorf("%s: %d octets: %w", smallName(n), got, err)
			}
		}
		return time.Since(begun), c.quit()
	})
}

func list(verb string) func(ctx context.Context, b *bench, s server) (sample, error) {
	return func(ctx context.Context, b *bench, s server) (sample, error) {
		return b.cost(s, 1, func(i *instance) (time.Duration, error) {
			c, err := login(ctx, i, "")
			if err != nil {
				return 0, err
			}
			defer c.Close()
			var count lines
			begun := time.Now()
			if _, err := c.fetch(&count, verb+" "+longDir); err != nil {
				return 0, err
			}
			took := time.Since(begun)
			if entries := b.options.scale.entries; int(count) < entries || int(count) > entries+3 { // ".", "..", a total
				return 0, fmt.Errorf("%d lines for %d entries", count, entries)
			}
			return took, c.quit()
		})
	}
}

// forkShare is how much less of some work a server gets that forks for each session.
const forkShare = 10

func (s server) share(n int) int {
	if s.forks {
		return max(1, n/forkShare)
	}
	return n
}

func logins(ctx context.Context, b *bench, s server) (sample, error) {
	n := s.share(b.options.scale.logins)
	return b.cost(s, n, func(i *instance) (time.Duration, error) {
		begun := time.Now()
		for range n {
			c, err := login(ctx, i, "")
			if err != nil {
				return 0, err
			}
			if err := c.quit(); err != nil {
				return 0, err
			}
		}
		return time.Since(begun), nil
	})
}

// idle opens sessions that do nothing.
func idle(ctx context.Context, b *bench, s server) (sample, error) {
	return b.growth(s, s.share(b.options.scale.idle), func(i *instance, from string) (io.Closer, error) {
		return login(ctx, i, from)
	})
}
