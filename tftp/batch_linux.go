package tftp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch sends the datagrams of a train in one system call: with UDP segmentation
// offload, or with sendmmsg(2) where the kernel or the interface has none. It is used by
// one goroutine.
//
// No call blocks, so none is announced to the scheduler, which would give the processor to
// another thread, and take it back, at each packet of a busy server.
type batch struct {
	raw    syscall.RawConn // nil: fd is a descriptor that the runtime does not know
	fd     int
	family int // of the socket

	noSegments bool
	to         netip.AddrPort // of address
	address    unix.RawSockaddrInet6
	length     uint32 // of address
	oob        []byte
	message    unix.Msghdr
	part       unix.Iovec
	messages   []mmsghdr // when there are no segments
	parts      []unix.Iovec
	left       []mmsghdr // of them, still to be sent
	errno      syscall.Errno
	once       func(fd uintptr)      // try, made once
	attempt    func(fd uintptr) bool // the same
}

// mmsghdr is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	size   uint32
	_      [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// newBatch returns what sends on a socket.
func newBatch(conn syscall.Conn) (*batch, error) {
	t := new(batch)
	return t, t.use(conn)
}

// use sends on a socket from now on.
func (t *batch) use(conn syscall.Conn) (err error) {
	if t.raw, err = conn.SyscallConn(); err != nil {
		return err
	}
	t.attempt, t.once = t.try, func(fd uintptr) { t.try(fd) }
	return control(conn, func(fd int) (err error) {
		t.family, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		return err
	})
}

// send sends b, cut into datagrams of size octets, with a control message in each. EAGAIN
// tells that a socket unknown to the runtime would have to wait.
func (t *batch) send(b []byte, size int, to netip.AddrPort, oob []byte) error {
	t.aim(to)
	if len(b) <= size {
		return t.one(b, oob)
	}
	if !t.noSegments {
		t.oob = appendControl(append(t.oob[:0], oob...), unix.IPPROTO_UDP, unix.UDP_SEGMENT, uint16(size))
		err := t.one(b, t.oob)
		if !unsegmented(err) {
			return err
		}
		t.noSegments = true
	}
	return t.many(b, size, oob)
}

// one sends b with sendmsg(2).
func (t *batch) one(b, oob []byte) error {
	t.fill(&t.message, &t.part, b, oob)
	return t.flush()
}

// many sends b in pieces with sendmmsg(2).
func (t *batch) many(b []byte, size int, oob []byte) error {
	count := (len(b) + size - 1) / size
	if count > len(t.messages) {
		t.messages, t.parts = make([]mmsghdr, count), make([]unix.Iovec, count)
	}
	for i := range count {
		n := min(size, len(b))
		t.fill(&t.messages[i].header, &t.parts[i], b[:n], oob)
		b = b[n:]
	}
	for t.left = t.messages[:count]; len(t.left) > 0; {
		if err := t.flush(); err != nil {
			t.left = nil
			return err
		}
	}
	return nil
}

func (t *batch) fill(m *unix.Msghdr, part *unix.Iovec, b, oob []byte) {
	part.Base = unsafe.SliceData(b)
	part.SetLen(len(b))
	m.Name, m.Namelen = (*byte)(unsafe.Pointer(&t.address)), t.length
	m.Iov = part
	m.SetIovlen(1)
	m.Control = nil
	if len(oob) > 0 {
		m.Control = unsafe.SliceData(oob)
	}
	m.SetControllen(len(oob))
}

// flush makes attempts until one succeeds, or fails.
func (t *batch) flush() error {
	if t.raw == nil {
		t.try(uintptr(t.fd))
	} else {
		err := t.raw.Control(t.once) // others may write at the same time
		if err == nil && t.errno == unix.EAGAIN {
			err = t.raw.Write(t.attempt)
		}
		if err != nil {
			return err
		}
	}
	if t.errno != 0 {
		return t.errno
	}
	return nil
}

// try sends what is left, or the one message. It returns false to be called again when
// the socket can take more.
func (t *batch) try(fd uintptr) bool {
	var n uintptr
	switch m := &t.message; {
	case len(t.left) == 0 && m.Control == nil: // cheaper
		_, _, t.errno = unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(t.part.Base)), uintptr(t.part.Len), unix.MSG_DONTWAIT,
			uintptr(unsafe.Pointer(m.Name)), uintptr(m.Namelen))
		return t.errno != unix.EAGAIN
	case len(t.left) == 0:
		_, _, t.errno = unix.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(m)), unix.MSG_DONTWAIT)
		return t.errno != unix.EAGAIN
	}
	n, _, t.errno = unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&t.left[0])), uintptr(len(t.left)), unix.MSG_DONTWAIT, 0, 0)
	if t.errno == 0 {
		t.left = t.left[n:]
	}
	return t.errno != unix.EAGAIN
}

// aim fills in the address of a peer.
func (t *batch) aim(to netip.AddrPort) {
	if to == t.to {
		return
	}
	t.to = to
	t.address = unix.RawSockaddrInet6{}
	if t.family == unix.AF_INET {
		a := (*unix.RawSockaddrInet4)(unsafe.Pointer(&t.address))
		a.Family, a.Addr = unix.AF_INET, to.Addr().As4()
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&a.Port))[:], to.Port())
		t.length = unix.SizeofSockaddrInet4
		return
	}
	a := &t.address
	a.Family, a.Addr, a.Scope_id = unix.AF_INET6, to.Addr().As16(), scope(to.Addr().Zone())
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&a.Port))[:], to.Port())
	t.length = unix.SizeofSockaddrInet6
}

// scope returns the number of a zone of IPv6 addresses; 0 for none.
func scope(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}

// unsegmented reports whether an error may be due to UDP_SEGMENT: no checksum offload
// (EIO), segments above the MTU or too many (EINVAL, EMSGSIZE), or an old kernel.
func unsegmented(err error) bool {
	for _, e := range [...]error{unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
