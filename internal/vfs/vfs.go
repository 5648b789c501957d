// Package vfs is the vocabulary of the files that dray serves: a [Path] that cannot
// leave its root, an [Info], an [FS] of eight methods, an [Upload] that is invisible
// until it is committed, and the errors that all of them use.
//
// It opens nothing itself. The packages osfs and memfs implement FS, guard wraps one,
// and the suite in vfstest holds every implementation to the contract below.
package vfs

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"time"
)

// Info describes one file or folder.
type Info struct {
	Name    string      // last element of its path; "/" for the root
	Size    int64       // in bytes; 0 for anything but a regular file
	Mode    fs.FileMode // type and permission bits
	ModTime time.Time   // in UTC; zero means unknown
	Unique  string      // identifies the file itself across renames; "" means unknown
	Links   uint64      // hard links; 0 means unknown
	Owner   string      // name or number of the owner; "" means unknown
	Group   string      // name or number of the group; "" means unknown
	Link    bool        // in a listing: the name is a symbolic link, and this what it leads to
}

// IsDir reports whether the entry is a folder.
func (i Info) IsDir() bool { return i.Mode.IsDir() }

// FS is a tree of regular files and folders. Every method may be called from any
// goroutine. All errors are an [*OpError]; it wraps one of the sentinels of this package
// or of io/fs, or else a fault of the store or the end of ctx. None names a path of the
// host. A path below a file is ErrNotDir, one below nothing is fs.ErrNotExist.
type FS interface {
	// Stat describes p, following symbolic links that stay within the tree. A name that
	// is neither a regular file nor a folder is ErrNotRegular, a link that leaves the
	// tree fs.ErrPermission. What Stat refuses, every other method refuses.
	Stat(ctx context.Context, p Path) (Info, error)

	// List yields the entries of the folder p, in no order, without "." and "..", without
	// uploads that are not committed, and without entries that Stat would refuse. It
	// streams: memory does not grow with the folder. The first error ends it.
	List(ctx context.Context, p Path) iter.Seq2[Info, error]

	// Open opens the regular file p for reading. It never blocks on a FIFO or a device.
	Open(ctx context.Context, p Path) (File, error)

	// Create begins an upload to p. Nothing is seen at p until Commit, and a file that
	// is there already stays whole until then, unless o asks for a change in place.
	// A link at p is replaced, not what it points to. The file keeps its permissions.
	Create(ctx context.Context, p Path, o CreateOptions) (Upload, error)

	// Mkdir makes the folder p. Its parent must exist and p must not (fs.ErrExist).
	Mkdir(ctx context.Context, p Path) error

	// Remove removes the file p, or the link. A folder is ErrIsDir.
	Remove(ctx context.Context, p Path) error

	// RemoveDir removes the empty folder p. A file is ErrNotDir, the root
	// fs.ErrPermission, a folder that holds anything, an upload under way included,
	// ErrNotEmpty.
	RemoveDir(ctx context.Context, p Path) error

	// Rename moves a file or a folder, or a link as such. A file may take the place of a
	// file; anything else at to is fs.ErrExist. The root is fs.ErrPermission, a folder
	// into itself ErrBadName, a name onto itself nothing to do. Where to lies in a folder
	// that another store keeps, it is ErrCrossMount.
	Rename(ctx context.Context, from, to Path, o RenameOptions) error
}

// SpaceReporter is an FS that knows how much room is left, in bytes, for uploads into
// the folder p.
type SpaceReporter interface {
	FreeSpace(ctx context.Context, p Path) (int64, error)
}

// Resolver is an FS with symbolic links. What wraps such an FS, and does not have this
// method, hides from a guard where links lead to.
type Resolver interface {
	// Resolve returns the path that p leads to, with every link followed; p if there is none.
	// What is not there stays as it is named. A link that leaves the tree is fs.ErrPermission.
	Resolve(ctx context.Context, p Path) (Path, error)
}

// Digester is an FS that knows digests of what was uploaded, without reading it.
type Digester interface {
	// Digest returns the digest of the file p by "sha256", "sha512" or "md5", nil if it is
	// not known, or no longer holds. A guard wants the right to read for it.
	Digest(ctx context.Context, p Path, algorithm string) ([]byte, error)
}

// KnownDigest is the digest that files knows of p, nil if it knows none.
func KnownDigest(ctx context.Context, files FS, p Path, algorithm string) ([]byte, error) {
	if d, ok := files.(Digester); ok {
		return d.Digest(ctx, p, algorithm)
	}
	return nil, nil
}

// Labelled is a [File] or an [Upload] that has short texts beside its content. They go with
// the file when it is renamed, and are not copied with its content.
type Labelled interface {
	Info() (Info, error)

	// Label returns the label called name, "" if there is none. errors.ErrUnsupported says
	// that the store keeps none.
	Label(name string) (string, error)

	// SetLabel changes a label; "" removes it. The times of the file stay.
	SetLabel(name, value string) error
}

// TimeSetter is an FS that can change the times of the file or folder p. A zero time
// leaves that one as it is. The root is fs.ErrPermission.
//
// What wraps an FS has this method and that of [ModeSetter] whatever it wraps; over an FS
// without them it says errors.ErrUnsupported.
type TimeSetter interface {
	SetTimes(ctx context.Context, p Path, accessed, modified time.Time) error
}

// ModeSetter is an FS that can change the permission bits of the file or folder p. All
// other bits of mode mean nothing, so that no peer makes a file setuid. The root is
// fs.ErrPermission.
type ModeSetter interface {
	SetMode(ctx context.Context, p Path, mode fs.FileMode) error
}

// File is an open regular file. When it stands on a file of the host it also has the
// methods that let the net package use sendfile(2): Seek, Stat and SyscallConn.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer
	Info() (Info, error) // as it is now, also when the name has moved on
}

// CreateOptions says what an upload does to a file that is already there. The zero value
// replaces it, atomically, at Commit.
type CreateOptions struct {
	// Exclusive fails with fs.ErrExist when p exists, at Create and again at Commit.
	Exclusive bool

	// InPlace changes the file itself, from Offset on, and makes it if it is missing:
	// FTP's REST+STOR and APPE. What is written can be seen at once, and Abort keeps it.
	InPlace bool

	// Offset is where an upload in place begins, in bytes; the file is truncated there.
	// Beyond the end is ErrOffset, a missing file having its end at 0. [OffsetEnd]
	// appends. Without InPlace it means nothing.
	Offset int64

	// Keep, with InPlace, truncates nothing: what is not written over stays.
	Keep bool

	// Expect is the size that the peer has announced, in bytes; 0 is unknown. Without
	// InPlace, who keeps room refuses at once what does not fit. More or less may come.
	Expect int64

	// Readable makes what has been written readable by the ReadAt of a [RandomUpload],
	// in place also what was there. A guard wants the right to read for it.
	Readable bool
}

// RenameOptions says what a rename does to a file that is already there. The zero value
// replaces it, atomically.
type RenameOptions struct {
	Exclusive bool // fail with fs.ErrExist, without a moment in which another could win
}

// OffsetEnd as an Offset means the end of the file, whatever its size.
const OffsetEnd = -1

// Upload is a file being written, by one goroutine at a time. Exactly one of Commit and
// Abort ends it; calling Abort after Commit does nothing, so it can be deferred. An
// upload that has ended says fs.ErrClosed to anything else.
type Upload interface {
	io.Writer
	Commit() error // makes the file visible under its name, or fails and leaves nothing new
	Abort() error  // removes what was written
}

// RandomUpload is an Upload that is also written in any order: what WriteAt leaves out
// reads as zeros. Write goes on where the last Write ended. What is in place appends if
// it began at [OffsetEnd], whatever the offset says.
//
// Every FS here makes its uploads such. One that wraps uploads and cannot keep them so
// leaves peers with the order of the file.
type RandomUpload interface {
	Upload
	io.WriterAt
	io.ReaderAt // fs.ErrPermission unless Readable

	Truncate(size int64) error // cuts off, or lengthens with zeros
	Sync() error               // returns when what was written survives a crash of the host
	Size() (int64, error)      // in bytes, as it would be after Commit
}
