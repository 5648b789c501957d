package sftpd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/ssh"

	"dray/internal/policy/guard"
	"dray/internal/sftp"
	"dray/internal/vfs"
)

const (
	smallBuffer = 4 << 10 // kept by every session
	largeBuffer = sftp.MaxPacket + 1<<10
	maxHandles  = 1024 // of one session at once
)

// session is one SFTP session. One goroutine reads a request, does it, and answers, in the
// order in which they come: what is asked ahead waits in the window of the channel,
// which is bounded, and so is the memory.
type session struct {
	ctx   context.Context
	conn  *conn
	files guard.Tree
	ch    ssh.Channel
	in    *bufio.Reader
	small []byte // for requests that are
	out   []byte // replies that have not been sent yet

	handles map[string]handle
	uploads map[vfs.Path]*upload // those that take their name when they are closed
	next    uint32               // the next handle
}

// handle is an open file, an upload, or a folder that is being listed.
type handle interface{ close() error }

func newSession(ctx context.Context, c *conn, files guard.Tree, ch ssh.Channel) *session {
	return &session{
		ctx: ctx, conn: c, files: files, ch: ch, in: bufio.NewReaderSize(ch, smallBuffer),
		handles: make(map[string]handle), uploads: make(map[vfs.Path]*upload),
	}
}

// serve answers until the client has no more to say. The error is one of its packets.
func (s *session) serve() error {
	if err := s.hello(); err != nil {
		return ended(err)
	}
	for {
		if err := s.turn(); err != nil {
			return ended(err)
		}
		if s.conn.done() {
			return s.flush()
		}
	}
}

// ended says whether a session has ended as sessions do.
func ended(err error) error {
	if errors.Is(err, errPacket) {
		return err
	}
	return nil
}

var errPacket = errors.New("not SFTP")

// hello exchanges versions.
func (s *session) hello() error {
	b, release, err := s.packet()
	if err != nil {
		return err
	}
	defer release()
	f := sftp.NewFields(b)
	if t, version := sftp.Type(f.Byte()), f.Uint32(); f.Err != nil || t != sftp.Init || version < sftp.Version {
		return fmt.Errorf("%w: no version 3", errPacket)
	}
	s.out = sftp.AppendVersion(s.out, s.extensions())
	return s.flush()
}

// packet reads a packet, and says how to give its memory back.
func (s *session) packet() (b []byte, release func(), err error) {
	head, err := s.in.Peek(4)
	if err != nil {
		return nil, nil, err
	}
	n := int(binary.BigEndian.Uint32(head))
	if n < 5 || n > sftp.MaxPacket {
		return nil, nil, fmt.Errorf("%w: a packet of %d octets", errPacket, n)
	}
	_, _ = s.in.Discard(4) // they are there
	release = func() {}
	if n <= smallBuffer {
		s.small = slices.Grow(s.small[:0], n)
		b = s.small[:n]
	} else {
		large := s.conn.srv.buffer(n)
		b, release = *large, func() { s.conn.srv.release(large) }
	}
	if _, err = io.ReadFull(s.in, b); err != nil {
		release()
		return nil, nil, err
	}
	return b, release, nil
}

// turn does one request. Its reply goes out when nothing more is there to be read.
func (s *session) turn() error {
	b, release, err := s.packet()
	if err != nil {
		return err
	}
	defer release()
	s.conn.work()
	defer s.conn.worked()
	r, err := sftp.ParseRequest(b)
	var unknown *sftp.UnknownError
	switch {
	case errors.As(err, &unknown):
		s.status(r.ID, sftp.Unsupported, "not supported")
	case err != nil && len(b) < 5:
		return fmt.Errorf("%w: %v", errPacket, err)
	case err != nil:
		s.status(r.ID, sftp.BadMessage, "malformed request")
	default:
		if err := s.dispatch(&r); err != nil {
			return err
		}
	}
	if s.in.Buffered() > 0 && len(s.out) < smallBuffer {
		return nil
	}
	return s.flush()
}

// flush sends what has been answered.
func (s *session) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	s.conn.send()
	defer s.conn.sent()
	_, err := s.ch.Write(s.out)
	if s.out = s.out[:0]; cap(s.out) > 4*smallBuffer {
		s.out = nil // of a long listing
	}
	return err
}

func (s *session) status(id uint32, code sftp.Status, message string) {
	s.out = sftp.AppendStatus(s.out, id, code, message)
}

// answer reports the outcome of something that has no other reply.
func (s *session) answer(id uint32, err error) {
	code, message := wire(err)
	s.status(id, code, message)
}

// dispatch does a request and appends its reply. Its error ends the session.
func (s *session) dispatch(r *sftp.Request) error {
	switch r.Type {
	case sftp.Read:
		return s.read(r)
	case sftp.Write:
		s.answer(r.ID, s.write(r))
	case sftp.Open:
		s.open(r)
	case sftp.Close:
		s.answer(r.ID, s.close(r.Handle))
	case sftp.Stat, sftp.LStat:
		s.stat(r)
	case sftp.FStat:
		s.fstat(r)
	case sftp.SetStat:
		s.answer(r.ID, s.setStat(r.Path, r.Attrs))
	case sftp.FSetStat:
		s.answer(r.ID, s.fsetStat(r))
	case sftp.OpenDir:
		s.openDir(r)
	case sftp.ReadDir:
		s.readDir(r)
	case sftp.Remove:
		s.answer(r.ID, s.remove(r.Path))
	case sftp.Mkdir:
		s.answer(r.ID, s.mkdir(r))
	case sftp.Rmdir:
		s.answer(r.ID, s.rmdir(r.Path))
	case sftp.RealPath:
		s.realPath(r.ID, r.Path)
	case sftp.Rename:
		s.answer(r.ID, s.rename(r, vfs.RenameOptions{Exclusive: true}))
	case sftp.ReadLink:
		s.answer(r.ID, s.readLink(r.Path))
	case sftp.Symlink:
		s.status(r.ID, sftp.Unsupported, "there are no links here")
	case sftp.Extended:
		return s.extended(r)
	}
	return nil
}

// add keeps a handle and appends its name as the reply.
func (s *session) add(id uint32, h handle) {
	s.next++
	name := string(binary.BigEndian.AppendUint32(nil, s.next))
	s.handles[name] = h
	s.out = sftp.AppendHandle(s.out, id, name)
}

// room is nil if there may be one more handle.
func (s *session) room() error {
	if len(s.handles) >= maxHandles {
		return errHandles
	}
	return nil
}

func (s *session) close(name string) error {
	h, ok := s.handles[name]
	if !ok {
		return errHandle
	}
	delete(s.handles, name)
	return h.close()
}

// closeAll ends what the client has left open. An upload is then no whole file.
func (s *session) closeAll() {
	for _, h := range s.handles {
		if u, ok := h.(*upload); ok {
			u.abandon()
			continue
		}
		_ = h.close() // nobody is left to be told
	}
}
