package sftpd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strconv"
	"time"

	"dray/ftp"
	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/sftp"
	"dray/internal/vfs"
)

func (s *session) emit(e event.Event) { s.conn.emit(e) }

func (s *session) may(op policy.Op, p vfs.Path) bool {
	return s.files.May(op, p)
}

// attrs describes a file as the protocol does.
func attrs(i vfs.Info) sftp.Attrs {
	a := sftp.Attrs{
		Flags: sftp.AttrSize | sftp.AttrMode | sftp.AttrTimes,
		Size:  uint64(i.Size),
		Mode:  sftp.ModeRegular | uint32(i.Mode.Perm()),
	}
	if i.IsDir() {
		a.Mode = sftp.ModeDir | uint32(i.Mode.Perm())
	}
	if t := i.ModTime.Unix(); !i.ModTime.IsZero() && t >= 0 {
		a.MTime = uint32(min(t, 1<<32-1))
		a.ATime = a.MTime
	}
	uid, err1 := strconv.ParseUint(i.Owner, 10, 32)
	gid, err2 := strconv.ParseUint(i.Group, 10, 32)
	if err1 == nil && err2 == nil {
		a.Flags |= sftp.AttrOwner
		a.UID, a.GID = uint32(uid), uint32(gid)
	}
	return a
}

// info describes what there is at p. An upload of this very session that has not taken
// its name yet counts: clients look at what they have just opened.
func (s *session) info(p vfs.Path) (vfs.Info, error) {
	if u := s.uploads[p]; u != nil && s.may(policy.Stat, p) {
		return u.info()
	}
	return s.files.Stat(s.ctx, p)
}

func (s *session) stat(r *sftp.Request) {
	p, err := vfs.ParsePath(r.Path)
	var i vfs.Info
	if err == nil {
		i, err = s.info(p)
	}
	s.described(r.ID, i, err)
}

func (s *session) fstat(r *sftp.Request) {
	var i vfs.Info
	var err error
	switch h := s.handles[r.Handle].(type) {
	case *file:
		i, err = h.Info()
	case *upload:
		if i, err = h.info(); err == nil && h.inPlace {
			i, err = s.files.Stat(s.ctx, h.path)
		}
	case *folder:
		i, err = s.files.Stat(s.ctx, h.path)
	default:
		err = errHandle
	}
	s.described(r.ID, i, err)
}

func (s *session) described(id uint32, i vfs.Info, err error) {
	if err != nil {
		s.answer(id, err)
		return
	}
	s.out = sftp.AppendAttrs(s.out, id, attrs(i))
}

// realPath answers with the path that a name means, whether or not there is anything.
func (s *session) realPath(id uint32, name string) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		s.answer(id, err)
		return
	}
	s.out = sftp.AppendNames(s.out, id, sftp.Entry{Name: p.String(), Long: p.String()})
}

// readLink refuses: what is there is no link to a client.
func (s *session) readLink(name string) error {
	p, err := vfs.ParsePath(name)
	if err == nil {
		_, err = s.info(p)
	}
	if err != nil {
		return err
	}
	return errInvalid
}

// change does something to names and tells of it.
func (s *session) change(op event.Op, name, to string, do func(p, q vfs.Path) error) error {
	p, err := vfs.ParsePath(name)
	if err == nil {
		var q vfs.Path
		if q, err = vfs.ParsePath(to); err == nil {
			err = do(p, q)
		}
	}
	s.emit(event.Change{Session: s.conn.about, Op: op, Path: name, To: to, Err: err})
	return err
}

func (s *session) remove(name string) error {
	return s.change(event.Delete, name, "", func(p, _ vfs.Path) error {
		err := s.files.Remove(s.ctx, p)
		if u := s.uploads[p]; u != nil && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			u.drop() // the name is that of the upload
			return nil
		}
		return err
	})
}

func (s *session) rmdir(name string) error {
	return s.change(event.Rmdir, name, "", func(p, _ vfs.Path) error { return s.files.RemoveDir(s.ctx, p) })
}

// mkdir makes a folder, with the permissions that are asked for if they may be set.
func (s *session) mkdir(r *sftp.Request) error {
	return s.change(event.Mkdir, r.Path, "", func(p, _ vfs.Path) error {
		if err := s.files.Mkdir(s.ctx, p); err != nil {
			return err
		}
		perm := fs.FileMode(r.Attrs.Mode) & 0o777 &^ 0o022
		if setter, ok := s.files.(vfs.ModeSetter); ok && r.Attrs.Flags&sftp.AttrMode != 0 && perm != 0o755 {
			_ = setter.SetMode(s.ctx, p, perm) // a wish
		}
		return nil
	})
}

func (s *session) rename(r *sftp.Request, o vfs.RenameOptions) error {
	return s.change(event.Rename, r.Path, r.Target, func(p, q vfs.Path) error {
		return s.files.Rename(s.ctx, p, q, o)
	})
}

// folder is one that is being listed.
type folder struct {
	path vfs.Path
	next func() (vfs.Info, error, bool)
	stop func()
	head *vfs.Info
}

// openDir begins a listing, and finds out now whether there can be one.
func (s *session) openDir(r *sftp.Request) {
	p, err := vfs.ParsePath(r.Path)
	if err == nil {
		err = s.room()
	}
	if err != nil {
		s.answer(r.ID, err)
		return
	}
	d := &folder{path: p}
	d.next, d.stop = iter.Pull2(s.files.List(s.ctx, p))
	i, err, more := d.next()
	if more && err != nil {
		d.stop()
		s.answer(r.ID, err)
		return
	}
	if more {
		d.head = &i
	}
	s.add(r.ID, d)
}

func (d *folder) close() error {
	d.stop()
	return nil
}

// A reply to READDIR has at most so many names, and so many octets.
const (
	maxNames    = 100
	maxNamesLen = 32 << 10
)

// readDir answers with the next names.
func (s *session) readDir(r *sftp.Request) {
	d, ok := s.handles[r.Handle].(*folder)
	if !ok {
		s.answer(r.ID, errHandle)
		return
	}
	var entries []sftp.Entry
	var size int
	now := time.Now()
	for len(entries) < maxNames && size < maxNamesLen {
		i, err := d.entry()
		if err == io.EOF {
			break
		}
		if err != nil {
			s.answer(r.ID, err)
			return
		}
		e := sftp.Entry{Name: i.Name, Long: long(i, now), Attrs: attrs(i)}
		entries, size = append(entries, e), size+e.Size()
	}
	if len(entries) == 0 {
		s.answer(r.ID, io.EOF)
		return
	}
	s.out = sftp.AppendNames(s.out, r.ID, entries...)
}

// entry returns the next entry, or io.EOF.
func (d *folder) entry() (vfs.Info, error) {
	if i := d.head; i != nil {
		d.head = nil
		return *i, nil
	}
	i, err, more := d.next()
	if !more {
		return i, io.EOF
	}
	return i, err
}

// long is a line as ls -l prints it.
func long(i vfs.Info, now time.Time) string {
	e := ftp.Entry{
		Name: i.Name, Type: ftp.TypeFile, Size: i.Size, ModTime: i.ModTime, Mode: i.Mode.Perm(), HasMode: true,
		Links: i.Links, Owner: i.Owner, Group: i.Group,
	}
	if i.IsDir() {
		e.Type = ftp.TypeDir
	}
	return string(e.AppendUnix(nil, now))
}

// free is the room that is left for uploads beside p, in octets.
func free(ctx context.Context, files vfs.FS, p vfs.Path) (int64, error) {
	space, ok := files.(vfs.SpaceReporter)
	if !ok {
		return 0, errUnsupported
	}
	i, err := files.Stat(ctx, p)
	if err != nil {
		return 0, err
	}
	if !i.IsDir() {
		p = p.Dir()
	}
	return space.FreeSpace(ctx, p)
}
