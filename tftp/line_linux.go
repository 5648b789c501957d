package tftp

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seats are threads on which transfers may wait by themselves. In lock-step a wait by the
// poller of the runtime costs more than all the rest of a turn, and a blocking system
// call costs next to nothing; but it holds a processor. So there are seats for as long as
// fewer transfers get on than there are processors.
type seats struct {
	max  int32
	busy atomic.Int32 // transfers that get on
}

func newSeats() *seats { return &seats{max: int32(runtime.GOMAXPROCS(0) - 1)} }

// free reports whether all who get on may sit.
func (s *seats) free() bool { return s != nil && s.busy.Load() <= s.max }

// add counts a transfer in, or out.
func (s *seats) add(n int32) {
	if s != nil {
		s.busy.Add(n)
	}
}

const (
	seatTime  = 20 * time.Millisecond // how long to sit without a datagram
	seatAfter = 16                    // datagrams in time, before

	// A seat yields after so many datagrams. Without that the runtime's monitor would take
	// the processor away by force every 10 ms, and tick every 20 µs after that.
	yieldAfter = 128
)

// line is the socket of a port. It belongs to one goroutine; wake may be called by any.
type line struct {
	mu    sync.Mutex // over conn, for wake
	conn  pollable   // nil in a seat
	raw   syscall.RawConn
	fd    int // in a seat, a descriptor that blocks
	seats *seats
	busy  bool // counted
	swift int  // datagrams since the latest wait that was too long

	until time.Time // the deadline that is set, zero if that is over
	woken atomic.Bool
	out   batch

	into       *udpPort      // what attempt fills
	errno      syscall.Errno // of the latest attempt
	got        int
	attempt    func(fd uintptr) bool // try, made once
	name       unix.RawSockaddrInet6
	nameLength uint32
	train      *train // nil: the host does not hand over several datagrams as one
}

// pollable is a socket that the poller of the runtime knows.
type pollable interface {
	syscall.Conn
	io.Closer
	SetReadDeadline(time.Time) error
}

// train is what it takes to read several datagrams at once.
type train struct {
	message unix.Msghdr
	part    unix.Iovec
	oob     [64]byte
}

// open begins with a socket. trains are for several datagrams at once.
func (l *line) open(conn *net.UDPConn, trains bool) error {
	if trains && receiveTrains(conn) {
		l.train = new(train)
	}
	l.attempt = l.try
	if err := l.out.use(conn); err != nil {
		return err
	}
	l.conn, l.raw = conn, l.out.raw
	return nil
}

// join lets the line take seats.
func (l *line) join(s *seats) { l.seats = s }

// getsOn notes whether the transfer does.
func (l *line) getsOn(does bool) {
	if !does {
		l.swift = 0
	}
	if does != l.busy {
		l.busy = does
		if does {
			l.seats.add(1)
		} else {
			l.seats.add(-1)
		}
	}
}

// arm sets a new deadline only when the one that is set comes too late, or has passed:
// in a transfer that gets on, timers never run out.
func (l *line) arm(deadline time.Time) {
	switch {
	case l.conn == nil:
		l.until = deadline
		if time.Until(deadline) < seatTime {
			l.stand()
		}
	case l.until.IsZero() || deadline.Before(l.until):
		_ = l.conn.SetReadDeadline(deadline) // fails on a closed socket, as read will
		l.until = deadline
		if l.woken.Load() {
			l.wake() // it may have come before
		}
	}
}

func (l *line) wake() {
	l.woken.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// read reads a datagram, or a train of them.
func (l *line) read(p *udpPort) error {
	l.into = p
	if l.conn != nil && l.swift >= seatAfter && l.swift%seatAfter == 0 && l.seats.free() {
		l.sit()
	}
	err := error(unix.EAGAIN)
	if l.conn == nil {
		if l.swift%yieldAfter == 0 {
			runtime.Gosched()
		}
		err = l.block()
	}
	if errors.Is(err, unix.EAGAIN) {
		err = l.poll()
	}
	switch {
	case err == nil:
		l.swift++
		l.getsOn(true)
	case errors.Is(err, os.ErrDeadlineExceeded):
		l.until = time.Time{}
		l.woken.Store(false)
		l.getsOn(false)
	}
	return err
}

// block waits in a seat. EAGAIN tells that it has been given up.
func (l *line) block() error {
	for !l.woken.Load() && l.seats.free() {
		l.receive(uintptr(l.fd), true)
		switch l.errno {
		case 0:
			l.arrive()
			return nil
		case unix.EINTR:
		case unix.EAGAIN:
			l.stand()
			return unix.EAGAIN
		default:
			return l.errno
		}
	}
	l.stand()
	return unix.EAGAIN
}

// poll waits as everybody does.
func (l *line) poll() error {
	if err := l.raw.Read(l.attempt); err != nil {
		return err
	}
	if l.errno != 0 {
		return l.errno
	}
	l.arrive()
	return nil
}

// try returns false to be called again when there is something to read.
func (l *line) try(fd uintptr) bool {
	if l.into.buf == nil {
		_, _, l.errno = unix.RawSyscall6(unix.SYS_RECVFROM, fd, 0, 0, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
		if l.errno != 0 {
			return l.errno != unix.EAGAIN
		}
	}
	l.receive(fd, false)
	return l.errno != unix.EAGAIN
}

// receive reads with a call that returns at once, which is not announced to the scheduler,
// or with one that may block.
func (l *line) receive(fd uintptr, mayBlock bool) {
	b := l.into.room()
	l.nameLength = unix.SizeofSockaddrInet6
	var n uintptr
	switch t := l.train; {
	case t == nil && mayBlock:
		n, _, l.errno = unix.Syscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0,
			uintptr(unsafe.Pointer(&l.name)), uintptr(unsafe.Pointer(&l.nameLength)))
	case t == nil:
		n, _, l.errno = unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT,
			uintptr(unsafe.Pointer(&l.name)), uintptr(unsafe.Pointer(&l.nameLength)))
	case mayBlock:
		n, _, l.errno = unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(t.prepare(b, &l.name))), 0)
	default:
		n, _, l.errno = unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(t.prepare(b, &l.name))), unix.MSG_DONTWAIT)
	}
	l.got = int(n)
}

// prepare fills in where a train goes.
func (t *train) prepare(b []byte, name *unix.RawSockaddrInet6) *unix.Msghdr {
	t.part.Base = &b[0]
	t.part.SetLen(len(b))
	m := &t.message
	m.Name, m.Namelen = (*byte)(unsafe.Pointer(name)), unix.SizeofSockaddrInet6
	m.Iov, m.Control = &t.part, &t.oob[0]
	m.SetIovlen(1)
	m.SetControllen(len(t.oob))
	return m
}

// arrive hands over what was read.
func (l *line) arrive() {
	p := l.into
	p.rest, p.cut = p.buf[:l.got], l.got
	if t := l.train; t != nil {
		if size := trainControl(t.oob[:t.message.Controllen]); size > 0 {
			p.cut = size
		}
	}
	p.from = l.sender()
}

// sender returns who sent what was read.
func (l *line) sender() netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&l.name.Port))[:])
	if l.name.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(&l.name)).Addr), port)
	}
	a := netip.AddrFrom16(l.name.Addr).Unmap()
	switch id := l.name.Scope_id; {
	case id == 0 || a.Is4():
	case id == l.out.address.Scope_id:
		a = a.WithZone(l.out.to.Addr().Zone()) // a peer is called as it was before
	default:
		a = a.WithZone(strconv.FormatUint(uint64(id), 10))
	}
	return netip.AddrPortFrom(a, port)
}

// sit takes the socket out of the runtime's poller, which would wake up a thread for each
// datagram, whoever reads it. If that fails, nothing changes.
func (l *line) sit() {
	var fd int
	err := control(l.conn, func(s int) (err error) {
		fd, err = unix.FcntlInt(uintptr(s), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return
	}
	timeout := unix.NsecToTimeval(seatTime.Nanoseconds())
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		unix.Close(fd)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.conn.Close() // fd is another descriptor of the socket
	l.conn, l.raw, l.out.raw = nil, nil, nil
	l.fd, l.out.fd = fd, fd
}

// stand gives the socket back to the runtime's poller.
func (l *line) stand() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = unix.SetNonblock(l.fd, true) // cannot fail on a socket
	l.conn = os.NewFile(uintptr(l.fd), "udp")
	l.raw, _ = l.conn.SyscallConn() // of a file that is open
	l.out.raw = l.raw
	l.swift = 0
	until := l.until
	if l.woken.Load() {
		until = time.Unix(1, 0)
	}
	_ = l.conn.SetReadDeadline(until)
}

// send sends a train.
func (l *line) send(b []byte, size int, to netip.AddrPort) error {
	err := l.out.send(b, size, to, nil)
	if l.conn == nil && errors.Is(err, unix.EAGAIN) {
		l.stand()
		err = l.out.send(b, size, to, nil)
	}
	return err
}

// refusals returns the ports that are closed, as ICMP messages have told.
func (l *line) refusals() []netip.AddrPort {
	if l.conn == nil {
		l.stand()
	}
	return refusals(l.conn)
}

func (l *line) close() error {
	l.getsOn(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return unix.Close(l.fd)
	}
	return l.conn.Close()
}
