//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// loopBuffer is that of the bare loops.
const loopBuffer = 256 << 10

// sendfileLoop is what the machine can do at best: one thread sends the file by
// sendfile(2), another takes it and throws it away.
func sendfileLoop(_ context.Context, b *bench) (sample, error) {
	return bareLoop(b, func(fd int, file *os.File) error {
		for {
			n, err := unix.Sendfile(fd, int(file.Fd()), nil, 16<<20)
			if n == 0 && err == nil {
				return nil
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				return err
			}
		}
	}, nil)
}

// receiveLoop is the same for the other direction: one thread sends the file, another
// writes what comes to a new file.
func receiveLoop(_ context.Context, b *bench) (sample, error) {
	file, err := os.CreateTemp(b.dir, "bare-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	return bareLoop(b, nil, file)
}

// bareLoop moves the big file over a connection between two threads with blocking system
// calls. The CPU time is that of the one that plays the server: of send, or else of the
// one that writes to stored.
func bareLoop(b *bench, send func(fd int, file *os.File) error, stored *os.File) (sample, error) {
	file, err := os.Open(filepath.Join(b.root, bigFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	from, to, err := connected()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	type end struct {
		cpu float64
		err error
	}
	sent := make(chan end, 1)
	begun := time.Now()
	go func() {
		defer from.Close()
		cost, err := onThread(func() error {
			if send != nil {
				return send(int(from.Fd()), file)
			}
			return pump(from, file)
		})
		sent <- end{cost, err}
	}()
	cost, err := onThread(func() error {
		if stored != nil {
			return pump(stored, to)
		}
		return pump(io.Discard, to)
	})
	other := <-sent
	took := time.Since(begun)
	if send != nil {
		cost = other.cpu
	}
	return sample{elapsed: took.Seconds(), cpu: cost}, errors.Join(err, other.err)
}

// pump copies through a buffer.
func pump(w io.Writer, r io.Reader) error {
	_, err := io.CopyBuffer(onlyWriter{w}, struct{ io.Reader }{r}, make([]byte, loopBuffer))
	return err
}

// connected returns the ends of a connection as blocking files.
func connected() (a, z *os.File, err error) {
	l, err := net.Listen("tcp4", loopback+":0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	d, err := l.Accept()
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	if a, err = c.(*net.TCPConn).File(); err != nil {
		return nil, nil, err
	}
	if z, err = d.(*net.TCPConn).File(); err != nil {
		return nil, nil, errors.Join(err, a.Close())
	}
	a.Fd() // makes it blocking
	z.Fd()
	return a, z, nil
}

// onThread runs f on a thread of its own, and returns the CPU time of that in seconds.
func onThread(f func() error) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadTime()
	if err != nil {
		return 0, err
	}
	err = f()
	after, err2 := threadTime()
	return after - before, errors.Join(err, err2)
}

func threadTime() (float64, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return float64(ts.Nano()) / 1e9, err
}
