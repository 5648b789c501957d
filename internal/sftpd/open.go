package sftpd

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"time"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/sftp"
	"dray/internal/vfs"
)

// file is open for reading only.
type file struct {
	vfs.File
	s     *session
	path  vfs.Path
	begun time.Time
	bytes int64
	err   error // the first that a read met
}

// upload is open for writing, and for reading too if it is readable.
type upload struct {
	vfs.Upload
	random   vfs.RandomUpload // the same; nil if it can be written in the file's order only
	s        *session
	path     vfs.Path
	inPlace  bool // what is written can be seen at once
	readable bool
	appends  bool
	begun    time.Time
	at       int64      // where the next write in order begins
	bytes    int64      // written
	err      error      // the first that a write met
	attrs    sftp.Attrs // to be set when the file has its name
	dropped  bool       // its name was removed
}

// open answers OPEN.
func (s *session) open(r *sftp.Request) {
	h, err := s.openHandle(r)
	if err != nil {
		s.answer(r.ID, err)
		return
	}
	s.add(r.ID, h)
}

func (s *session) openHandle(r *sftp.Request) (handle, error) {
	p, err := vfs.ParsePath(r.Path)
	if err != nil {
		return nil, err
	}
	if err := s.room(); err != nil {
		return nil, err
	}
	if err := s.conn.begin(); err != nil {
		return nil, err
	}
	h, err := s.openPath(p, r)
	if err != nil {
		s.conn.end()
		op := event.Read
		if r.Flags&sftp.FlagWrite != 0 {
			op = event.Write
		}
		s.emit(event.Transfer{Session: s.conn.about, Op: op, Path: p.String(), Err: err})
	}
	return h, err
}

func (s *session) openPath(p vfs.Path, r *sftp.Request) (handle, error) {
	if r.Flags&sftp.FlagWrite == 0 {
		if r.Flags != sftp.FlagRead {
			return nil, errInvalid // nothing is made or changed by who does not ask to write
		}
		f, err := s.files.Open(s.ctx, p)
		if err != nil {
			return nil, err
		}
		s.conn.opened(event.Read, r.Path)
		return &file{File: f, s: s, path: p, begun: time.Now()}, nil
	}
	o, err := s.createOptions(p, r.Flags)
	if err != nil {
		return nil, err
	}
	up, err := s.files.Create(s.ctx, p, o)
	if err != nil {
		return nil, err
	}
	u := &upload{Upload: up, s: s, path: p, inPlace: o.InPlace, readable: o.Readable, appends: o.Offset == vfs.OffsetEnd, begun: time.Now()}
	u.random, _ = up.(vfs.RandomUpload)
	s.conn.opened(event.Write, r.Path)
	s.conn.clock.uploads.Add(1)
	if !o.InPlace {
		s.uploads[p] = u
		u.wish(r.Attrs)
	}
	return u, nil
}

// createOptions says what the flags of OPEN mean. A file that is to be truncated is
// replaced when it is closed, and so is one that is not there; any other is changed
// in place, since the client builds on what there is.
func (s *session) createOptions(p vfs.Path, flags sftp.Flags) (vfs.CreateOptions, error) {
	o := vfs.CreateOptions{Readable: flags&sftp.FlagRead != 0}
	create := flags&sftp.FlagCreate != 0
	switch {
	case create && flags&sftp.FlagExclusive != 0:
		o.Exclusive = true
		return o, nil
	case flags&sftp.FlagAppend != 0:
		o.InPlace, o.Offset = true, vfs.OffsetEnd
	case flags&sftp.FlagTruncate == 0:
		o.InPlace, o.Keep = true, true
	}
	if create && !o.Keep {
		return o, nil
	}
	_, err := s.files.Stat(s.ctx, p)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		o.InPlace, o.Keep = false, false
		return o, nil
	case errors.Is(err, fs.ErrPermission) && create: // who may write without looking
		return o, nil
	}
	return o, err
}

// wish keeps the permissions that OPEN asks for, for a file that is new. The usual ones
// need no asking.
func (u *upload) wish(a sftp.Attrs) {
	perm := a.Mode & 0o777 &^ 0o022
	if a.Flags&sftp.AttrMode == 0 || perm == 0o644 || !u.s.may(policy.SetStat, u.path) {
		return
	}
	if _, err := u.s.files.Stat(u.s.ctx, u.path); errors.Is(err, fs.ErrNotExist) {
		u.attrs.Flags, u.attrs.Mode = sftp.AttrMode, perm
	}
}

// read answers READ. Content goes from the file to the channel through one buffer.
func (s *session) read(r *sftp.Request) error {
	if r.Offset > math.MaxInt64 || r.Length == 0 {
		s.answer(r.ID, io.EOF)
		return nil
	}
	n := int(min(r.Length, sftp.MaxData))
	buffer := s.conn.srv.buffer(sftp.DataRoom(n))
	defer s.conn.srv.release(buffer)
	n, err := s.readAt(r.Handle, sftp.DataSpace(*buffer, n), int64(r.Offset))
	if n == 0 {
		if err == nil {
			err = io.EOF
		}
		s.answer(r.ID, err)
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.conn.traffic.bytes.Add(int64(n))
	s.conn.send()
	defer s.conn.sent()
	_, err = s.ch.Write(sftp.FinishData(*buffer, r.ID, n))
	return err
}

// readAt reads from an open file, or from an upload that is readable.
func (s *session) readAt(name string, b []byte, off int64) (int, error) {
	switch h := s.handles[name].(type) {
	case *file:
		n, err := h.ReadAt(b, off)
		h.bytes += int64(n)
		if err != nil && err != io.EOF && h.err == nil {
			h.err = err
		}
		return n, err
	case *upload:
		if !h.readable || h.random == nil {
			return 0, fs.ErrPermission
		}
		return h.random.ReadAt(b, off)
	}
	return 0, errHandle
}

// write does WRITE.
func (s *session) write(r *sftp.Request) error {
	u, ok := s.handles[r.Handle].(*upload)
	switch {
	case !ok:
		return errHandle
	case r.Offset > math.MaxInt64-uint64(len(r.Data)):
		return errInvalid
	}
	return u.writeAt(r.Data, int64(r.Offset))
}

func (u *upload) writeAt(b []byte, off int64) error {
	n, err := 0, error(nil)
	switch {
	case u.random != nil:
		n, err = u.random.WriteAt(b, off)
	case u.appends || off == u.at && !u.inPlace:
		n, err = u.Write(b)
		u.at += int64(n)
	default:
		err = errOrder
	}
	u.bytes += int64(n)
	u.s.conn.traffic.bytes.Add(int64(n))
	if err != nil && u.err == nil {
		u.err = err
	}
	return err
}

// truncate cuts the upload off, or lengthens it.
func (u *upload) truncate(size uint64) error {
	switch {
	case size > math.MaxInt64:
		return errInvalid
	case u.random != nil:
		return u.random.Truncate(int64(size))
	case !u.inPlace && int64(size) == u.at:
		return nil
	}
	return errUnsupported
}

// info describes the upload as it would be after Commit.
func (u *upload) info() (vfs.Info, error) {
	i := vfs.Info{Name: u.path.Base(), Size: u.at, Mode: 0o644, ModTime: u.begun}
	if u.attrs.Flags&sftp.AttrMode != 0 {
		i.Mode = fs.FileMode(u.attrs.Mode & 0o777)
	}
	if u.attrs.Flags&sftp.AttrTimes != 0 {
		i.ModTime = time.Unix(int64(u.attrs.MTime), 0)
	}
	var err error
	if u.random != nil {
		i.Size, err = u.random.Size()
	}
	return i, err
}

// drop ends an upload whose name the client removes while it is open, as it may where
// names are links to files. What is written to it after that is refused.
func (u *upload) drop() {
	u.dropped = true
	u.ended(errors.Join(errRemoved, u.Abort()))
}

// close ends the upload: with its name if all that was sent has been written.
func (u *upload) close() error {
	if u.dropped {
		return nil
	}
	err := u.err
	if err == nil {
		err = u.Commit()
	} else {
		err = errors.Join(err, u.Abort())
	}
	u.ended(err)
	if err == nil && u.attrs.Flags != 0 {
		_ = u.s.setPath(u.path, u.attrs) // told as an event; the file itself is there
	}
	return err
}

// abandon ends the upload of a client that has gone.
func (u *upload) abandon() {
	if u.dropped {
		return
	}
	err := u.s.conn.lost()
	if u.err != nil {
		err = u.err
	}
	u.ended(errors.Join(err, u.Abort()))
}

func (u *upload) ended(err error) {
	u.s.conn.clock.uploads.Add(-1)
	u.s.conn.end()
	if u.s.uploads[u.path] == u {
		delete(u.s.uploads, u.path)
	}
	op := event.Write
	if u.appends {
		op = event.Append
	}
	u.s.emit(event.Transfer{
		Session: u.s.conn.about, Op: op, Path: u.path.String(), Bytes: u.bytes, Duration: time.Since(u.begun), Err: err,
	})
}

func (f *file) close() error {
	err := f.Close()
	f.s.conn.end()
	f.s.emit(event.Transfer{
		Session: f.s.conn.about, Op: event.Read, Path: f.path.String(), Bytes: f.bytes, Duration: time.Since(f.begun), Err: f.err,
	})
	return err
}
