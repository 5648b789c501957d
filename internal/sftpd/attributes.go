package sftpd

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/sftp"
	"dray/internal/vfs"
)

// setStat does SETSTAT and lsetstat, which are the same to who sees no links.
func (s *session) setStat(name string, a sftp.Attrs) error {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return err
	}
	if u := s.uploads[p]; u != nil {
		return u.set(a)
	}
	return s.setPath(p, a)
}

// fsetStat does FSETSTAT.
func (s *session) fsetStat(r *sftp.Request) error {
	switch h := s.handles[r.Handle].(type) {
	case *upload:
		return h.set(r.Attrs)
	case *file:
		return s.setPath(h.path, r.Attrs)
	case *folder:
		return s.setPath(h.path, r.Attrs)
	}
	return errHandle
}

// set sets the size now, and the rest when the upload has its name, since writes would
// change the time again.
func (u *upload) set(a sftp.Attrs) error {
	if a.Flags&sftp.AttrSize != 0 {
		if err := u.truncate(a.Size); err != nil {
			return err
		}
	}
	kept, err := u.s.permitted(u.path, a)
	if err != nil {
		return err
	}
	if kept.Flags&sftp.AttrMode != 0 {
		u.attrs.Mode = kept.Mode
	}
	if kept.Flags&sftp.AttrTimes != 0 {
		u.attrs.ATime, u.attrs.MTime = kept.ATime, kept.MTime
	}
	u.attrs.Flags |= kept.Flags & (sftp.AttrMode | sftp.AttrTimes)
	return nil
}

// permitted returns the attributes of a that may be set, or refuses. Who is lenient leaves
// out what may not.
func (s *session) permitted(p vfs.Path, a sftp.Attrs) (sftp.Attrs, error) {
	for _, row := range [...]struct {
		flag sftp.AttrFlags
		may  bool
	}{
		{sftp.AttrOwner, false}, // nobody gives files away
		{sftp.AttrMode, s.may(policy.SetStat, p)},
		{sftp.AttrTimes, s.may(policy.SetStat, p)},
	} {
		if a.Flags&row.flag == 0 || row.may {
			continue
		}
		if !s.conn.terms.LenientAttributes || !s.may(policy.Create, p) && !s.may(policy.Overwrite, p) {
			why := "by the rules: " + s.files.Why(policy.SetStat, p)
			if row.flag == sftp.AttrOwner {
				why = "to everybody: nobody gives files away"
			}
			return a, &vfs.OpError{Op: "setstat", Path: p.String(), Err: fmt.Errorf("%w %s", fs.ErrPermission, why)}
		}
		a.Flags &^= row.flag
	}
	return a, nil
}

// setPath sets the attributes of what is at p, and tells of it.
func (s *session) setPath(p vfs.Path, a sftp.Attrs) error {
	return s.change(event.SetStat, p.String(), "", func(p, _ vfs.Path) error {
		if a.Flags&sftp.AttrSize != 0 {
			if err := s.resize(p, a.Size); err != nil {
				return err
			}
		}
		kept, err := s.permitted(p, a)
		if err != nil {
			return err
		}
		if kept.Flags&sftp.AttrMode != 0 {
			setter, ok := s.files.(vfs.ModeSetter)
			if !ok {
				return errUnsupported
			}
			if err := setter.SetMode(s.ctx, p, fs.FileMode(kept.Mode&0o777)); err != nil {
				return err
			}
		}
		if kept.Flags&sftp.AttrTimes != 0 {
			setter, ok := s.files.(vfs.TimeSetter)
			if !ok {
				return errUnsupported
			}
			return setter.SetTimes(s.ctx, p, time.Unix(int64(kept.ATime), 0), time.Unix(int64(kept.MTime), 0))
		}
		return nil
	})
}

// resize cuts the file off, or lengthens it with zeros: a change of its content.
func (s *session) resize(p vfs.Path, size uint64) error {
	if _, err := s.files.Stat(s.ctx, p); err != nil {
		return err
	}
	up, err := s.files.Create(s.ctx, p, vfs.CreateOptions{InPlace: true, Keep: true})
	if err != nil {
		return err
	}
	random, ok := up.(vfs.RandomUpload)
	switch {
	case !ok:
		err = errUnsupported
	case size > 1<<63-1:
		err = errInvalid
	default:
		err = random.Truncate(int64(size))
	}
	if err != nil {
		return errors.Join(err, up.Abort())
	}
	return up.Commit()
}

// sync does fsync@openssh.com.
func (s *session) sync(name string) error {
	switch h := s.handles[name].(type) {
	case *upload:
		if h.random == nil {
			return errUnsupported
		}
		return h.random.Sync()
	case *file:
		return nil
	}
	return errHandle
}
