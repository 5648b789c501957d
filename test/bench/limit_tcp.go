//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// The buffers of the bare loops: between two connections or files, and to write to one.
const (
	loopBuffer  = 256 << 10
	storeBuffer = 2 << 20
)

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
			return fillAndWrite(stored, to)
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

// fillAndWrite copies in pieces that are as large as can be.
func fillAndWrite(w io.Writer, r io.Reader) error {
	buf := make([]byte, storeBuffer)
	for {
		n, err := io.ReadFull(r, buf)
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		switch {
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// connected returns the ends of a connection as blocking files. The poller of the runtime
// never learns of them: each octet would wake it.
func connected() (a, z *os.File, err error) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(l)
	here := &unix.SockaddrInet4{Addr: netip.MustParseAddr(loopback).As4()}
	if err := errors.Join(unix.Bind(l, here), unix.Listen(l, 1)); err != nil {
		return nil, nil, err
	}
	bound, err := unix.Getsockname(l)
	if err != nil {
		return nil, nil, os.NewSyscallError("getsockname", err)
	}
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socket", err)
	}
	a = os.NewFile(uintptr(c), "near end")
	if err := unix.Connect(c, bound); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("connect", err), a.Close())
	}
	d, _, err := unix.Accept4(l, unix.SOCK_CLOEXEC)
	if err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("accept", err), a.Close())
	}
	return a, os.NewFile(uintptr(d), "far end"), nil
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
