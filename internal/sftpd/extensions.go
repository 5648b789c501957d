package sftpd

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"dray/internal/sftp"
	"dray/internal/vfs"
)

// extensions is what VERSION names.
func (s *session) extensions() []sftp.Ext {
	all := []sftp.Ext{
		{Name: sftp.ExtPosixRename, Value: "1"},
		{Name: sftp.ExtFSync, Value: "1"},
		{Name: sftp.ExtLSetStat, Value: "1"},
		{Name: sftp.ExtLimits, Value: "1"},
		{Name: sftp.ExtExpandPath, Value: "1"},
		{Name: sftp.ExtHome, Value: "1"},
		{Name: sftp.ExtCopyData, Value: "1"},
		{Name: sftp.ExtUsersGroups, Value: "1"},
		{Name: sftp.ExtCheckFile, Value: "1"},
	}
	if _, ok := s.files.(vfs.SpaceReporter); ok {
		all = append(all, sftp.Ext{Name: sftp.ExtStatVFS, Value: "2"}, sftp.Ext{Name: sftp.ExtFStatVFS, Value: "2"})
	}
	return all
}

// extended does a request of an extension. Its error ends the session.
func (s *session) extended(r *sftp.Request) error {
	switch r.Extension {
	case sftp.ExtPosixRename:
		s.answer(r.ID, s.rename(r, vfs.RenameOptions{}))
	case sftp.ExtHardlink:
		s.status(r.ID, sftp.Unsupported, "there are no links here")
	case sftp.ExtStatVFS:
		p, err := vfs.ParsePath(r.Path)
		s.space(r.ID, p, err)
	case sftp.ExtFStatVFS:
		p, err := s.pathOf(r.Handle)
		s.space(r.ID, p, err)
	case sftp.ExtFSync:
		s.answer(r.ID, s.sync(r.Handle))
	case sftp.ExtLSetStat:
		s.answer(r.ID, s.setStat(r.Path, r.Attrs))
	case sftp.ExtLimits:
		body := binary.BigEndian.AppendUint64(nil, sftp.MaxPacket)
		body = binary.BigEndian.AppendUint64(body, sftp.MaxData)
		body = binary.BigEndian.AppendUint64(body, sftp.MaxData)
		s.out = sftp.AppendReply(s.out, r.ID, binary.BigEndian.AppendUint64(body, maxHandles))
	case sftp.ExtExpandPath:
		s.expand(r)
	case sftp.ExtHome:
		if r.Path != "" && r.Path != s.conn.subject.Name {
			s.status(r.ID, sftp.PermissionDenied, "only one's own folder is told")
			return nil
		}
		s.realPath(r.ID, "/")
	case sftp.ExtCopyData:
		s.answer(r.ID, s.copyData(r))
	case sftp.ExtUsersGroups:
		s.names(r)
	case sftp.ExtCheckFile, sftp.ExtCheckHandle, sftp.ExtCheckName:
		return s.check(r)
	}
	return nil
}

// expand answers expand-path: "~" is the folder one begins in.
func (s *session) expand(r *sftp.Request) {
	name := r.Path
	if rest, ok := strings.CutPrefix(name, "~"); ok {
		user, rest, _ := strings.Cut(rest, "/")
		if user != "" && user != s.conn.subject.Name {
			s.status(r.ID, sftp.PermissionDenied, "only one's own folder is told")
			return
		}
		name = "/" + rest
	}
	s.realPath(r.ID, name)
}

func (s *session) pathOf(name string) (vfs.Path, error) {
	switch h := s.handles[name].(type) {
	case *file:
		return h.path, nil
	case *upload:
		return h.path.Dir(), nil
	case *folder:
		return h.path, nil
	}
	return vfs.Path{}, errHandle
}

// space answers statvfs and fstatvfs. How much there is in all is not told to anybody:
// what is free counts as all.
func (s *session) space(id uint32, p vfs.Path, err error) {
	const block = 4096
	var left int64
	if err == nil {
		left, err = free(s.ctx, s.files, p)
	}
	if err != nil {
		s.answer(id, err)
		return
	}
	blocks := uint64(left) / block
	var body []byte
	for _, v := range [...]uint64{
		block, block, blocks, blocks, blocks, // size, fragment; all, free, free to the user
		math.MaxUint32, math.MaxUint32, math.MaxUint32, // files: the same
		0, 0, 255, // no number, no flags; the length of a name
	} {
		body = binary.BigEndian.AppendUint64(body, v)
	}
	s.out = sftp.AppendReply(s.out, id, body)
}

// names answers users-groups-by-id. The numbers are those of the host, and whom they mean
// there is not told: every name is empty, which stands for unknown.
func (s *session) names(r *sftp.Request) {
	unknown := func(ids []byte) string { return string(make([]byte, len(ids)/4*4)) } // as many lengths of 0
	body := sftp.AppendString(nil, unknown(r.UIDs))
	s.out = sftp.AppendReply(s.out, r.ID, sftp.AppendString(body, unknown(r.GIDs)))
}

// copyData copies between two open files.
func (s *session) copyData(r *sftp.Request) error {
	to, ok := s.handles[r.WriteHandle].(*upload)
	switch {
	case s.handles[r.Handle] == nil || !ok:
		return errHandle
	case r.Handle == r.WriteHandle:
		return errInvalid
	case r.Length > math.MaxInt64 || r.Offset > math.MaxInt64-r.Length || r.WriteOffset > math.MaxInt64-r.Length:
		return errInvalid
	}
	from, at, left := int64(r.Offset), int64(r.WriteOffset), int64(r.Length)
	if left == 0 { // to the end
		left = math.MaxInt64 - max(from, at)
	}
	buffer := s.conn.srv.buffer(sftp.MaxData)
	defer s.conn.srv.release(buffer)
	for left > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n, err := s.readAt(r.Handle, (*buffer)[:min(left, sftp.MaxData)], from)
		if n > 0 {
			if err := to.writeAt((*buffer)[:n], at); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		from, at, left = from+int64(n), at+int64(n), left-int64(n)
	}
	return nil
}

// digest returns the first algorithm of a list that is known.
func digest(list string) (string, func() hash.Hash) {
	for name := range strings.SplitSeq(list, ",") {
		switch name {
		case "sha512":
			return name, sha512.New
		case "sha384":
			return name, sha512.New384
		case "sha256":
			return name, sha256.New
		case "sha224":
			return name, sha256.New224
		case "sha1":
			return name, sha1.New
		case "md5":
			return name, md5.New
		case "crc32":
			return name, func() hash.Hash { return crc32.NewIEEE() }
		}
	}
	return "", nil
}

// check answers check-file with the digests of a file, or of a part of it.
func (s *session) check(r *sftp.Request) error {
	name, make := digest(r.Algorithms)
	switch {
	case make == nil:
		s.status(r.ID, sftp.Unsupported, "no such digest")
		return nil
	case r.Offset > math.MaxInt64 || r.Length > math.MaxInt64-r.Offset || r.BlockSize != 0 && r.BlockSize < 256:
		s.answer(r.ID, errInvalid)
		return nil
	}
	if sum := s.known(r, name); sum != nil {
		body := sftp.AppendString(sftp.AppendString(nil, "check-file"), name)
		s.out = sftp.AppendReply(s.out, r.ID, append(body, sum...))
		return nil
	}
	var src io.ReaderAt = handleReader{s, r.Handle}
	if r.Extension == sftp.ExtCheckName {
		p, err := vfs.ParsePath(r.Path)
		if err != nil {
			s.answer(r.ID, err)
			return nil
		}
		f, err := s.files.Open(s.ctx, p)
		if err != nil {
			s.answer(r.ID, err)
			return nil
		}
		defer f.Close()
		src = f
	}
	length := int64(r.Length)
	if length == 0 {
		length = math.MaxInt64 - int64(r.Offset)
	}
	sums, err := s.digests(io.NewSectionReader(src, int64(r.Offset), length), make, int64(r.BlockSize))
	if err != nil {
		s.answer(r.ID, err)
		return nil
	}
	body := sftp.AppendString(sftp.AppendString(nil, "check-file"), name)
	s.out = sftp.AppendReply(s.out, r.ID, append(body, sums...))
	return nil
}

// known is the digest of a whole file that need not be read for it, nil if there is none.
func (s *session) known(r *sftp.Request, algorithm string) []byte {
	if r.Offset != 0 || r.Length != 0 || r.BlockSize != 0 {
		return nil
	}
	p, err := vfs.ParsePath(r.Path)
	var open vfs.Info
	if r.Extension != sftp.ExtCheckName {
		h, ok := s.handles[r.Handle].(*file)
		if !ok {
			return nil
		}
		p = h.path
		open, err = h.Info()
	}
	if err != nil {
		return nil
	}
	sum, err := vfs.KnownDigest(s.ctx, s.files, p, algorithm)
	if err != nil || r.Extension == sftp.ExtCheckName {
		return sum
	}
	// The name may be another file's by now.
	if i, err := s.files.Stat(s.ctx, p); err != nil || i.Unique == "" || i.Unique != open.Unique || i.Size != open.Size || !i.ModTime.Equal(open.ModTime) {
		return nil
	}
	return sum
}

// handleReader reads from what is open under a handle.
type handleReader struct {
	s    *session
	name string
}

func (h handleReader) ReadAt(b []byte, off int64) (int, error) { return h.s.readAt(h.name, b, off) }

// digests returns one digest for each block, or for all if block is 0.
func (s *session) digests(src io.Reader, make func() hash.Hash, block int64) ([]byte, error) {
	buffer := s.conn.srv.buffer(sftp.MaxData)
	defer s.conn.srv.release(buffer)
	if block == 0 {
		block = math.MaxInt64
	}
	var sums []byte
	for {
		h := make()
		n, err := io.CopyBuffer(h, io.LimitReader(stopping{s, src}, block), *buffer)
		switch {
		case err != nil:
			return nil, err
		case n == 0 && len(sums) > 0:
			return sums, nil
		case len(sums) > sftp.MaxPacket/2:
			return nil, errInvalid // more blocks than go into a reply
		}
		sums = h.Sum(sums)
		if n < block {
			return sums, nil
		}
	}
}

// stopping reads until the session is over.
type stopping struct {
	s   *session
	src io.Reader
}

func (r stopping) Read(b []byte) (int, error) {
	if err := r.s.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(b)
}
