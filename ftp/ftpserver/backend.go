package ftpserver

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"

	"dray/ftp"
)

// Backend gives each control connection a session of its own. NewSession is called once
// for a connection, before its greeting; an error closes it with 421.
type Backend interface {
	NewSession(ctx context.Context, c *Conn) (Session, error)
}

// Session is what stands behind one control connection. The server calls it from one
// goroutine at a time.
type Session interface {
	// Login checks a user and a password and returns the files this user sees. ErrLogin
	// is answered 530; a later USER may try again. ctx ends with the connection.
	Login(ctx context.Context, user, password string) (FS, error)

	// Close is called once, when the connection has ended.
	Close() error
}

// CertificateSession is a Session that can do without a password. LoginCertificate is
// called for USER if the client has a certificate that [Server.TLS] verifies; ErrLogin
// means that a password is needed.
type CertificateSession interface {
	LoginCertificate(ctx context.Context, user string, cert *x509.Certificate) (FS, error)
}

// LookupObserver is a Session that wants to know of names that were asked for in vain, by
// CWD, MDTM, MLST, RNFR, SIZE or STAT: there was no transfer, and yet a client gave up. It
// is called by the goroutine of the connection.
type LookupObserver interface {
	LookupFailed(verb, name string, err error)
}

// TransferObserver is a Session that wants to know of every transfer when it has ended,
// listings and digests included.
type TransferObserver interface {
	Transferred(t Transfer)
}

// FaultObserver is a Session that wants to know of a panic that ended it.
type FaultObserver interface {
	Fault(err error)
}

// Transfer is one transfer that has ended.
type Transfer struct {
	Verb     string        // the command, such as "RETR"
	Name     string        // rooted and clean
	Bytes    int64         // over the data connection, or read for a HASH
	Duration time.Duration // from the command to its last reply
	Note     string        // in words, such as that TLS was not resumed; "" for nothing to say
	Err      error         // nil: complete
}

// FS is the tree of files that a user sees. Names handed over are rooted and clean:
// "/", "/a/b". Errors are matched against fs.ErrNotExist, fs.ErrExist, fs.ErrPermission
// and the sentinels of this package; their text never reaches the peer. While a transfer
// runs, Stat and List may be called by another goroutine than the transfer's.
type FS interface {
	// Stat describes one name.
	Stat(ctx context.Context, name string) (ftp.Entry, error)

	// List yields the entries of a directory. It streams.
	List(ctx context.Context, dir string) iter.Seq2[ftp.Entry, error]

	// Open opens a file for reading from offset on, in octets. An offset beyond the end
	// is ErrOffset. If the reader is an [os.File], plain transfers use sendfile(2).
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error)

	// Create begins an upload.
	Create(ctx context.Context, name string, o CreateOptions) (Upload, error)

	// Mkdir makes a directory.
	Mkdir(ctx context.Context, name string) error

	// Remove removes a file, or with dir an empty directory.
	Remove(ctx context.Context, name string, dir bool) error

	// Rename moves a file or a directory.
	Rename(ctx context.Context, from, to string) error
}

// TimeSetter is an FS that can change the times of a name, for MFMT, MFF, MDTM and SITE
// UTIME. A zero time leaves that one as it is. errors.ErrUnsupported is answered 502.
type TimeSetter interface {
	SetTimes(ctx context.Context, name string, accessed, modified time.Time) error
}

// ModeSetter is an FS that can change the permission bits of a name, for MFF and SITE
// CHMOD. The mode has no other bits. errors.ErrUnsupported is answered 502.
type ModeSetter interface {
	SetMode(ctx context.Context, name string, mode fs.FileMode) error
}

// Hasher is an FS that may know the digest of a whole file without reading it. The algorithm
// is called as HASH calls it, such as "SHA-256"; nil is a digest that is not known.
type Hasher interface {
	Hash(ctx context.Context, name, algorithm string) ([]byte, error)
}

// SpaceReporter is an FS that knows how many octets still fit below dir, for ALLO and
// AVBL.
type SpaceReporter interface {
	FreeSpace(ctx context.Context, dir string) (int64, error)
}

// CreateOptions says what an upload does to a file that is there. The zero value
// replaces it at Commit.
type CreateOptions struct {
	Resume bool  // REST+STOR: change the file in place from Offset on
	Offset int64 // where a resumed upload begins, in octets
	Append bool  // APPE: add to the end, make the file if it is missing
	New    bool  // STOU: fs.ErrExist if there is such a file, at Create or at Commit
}

// Upload is a file being received. The server ends it with exactly one Commit, after a
// clean end of the data connection, or one Abort.
type Upload interface {
	io.Writer
	Commit() error
	Abort() error
}

// What a backend can say besides the errors of io/fs.
var (
	ErrLogin      = errors.New("ftpserver: log-in refused")      // 530
	ErrIsDir      = errors.New("ftpserver: is a directory")      // 550
	ErrNotDir     = errors.New("ftpserver: not a directory")     // 550
	ErrNotEmpty   = errors.New("ftpserver: directory not empty") // 550
	ErrNotRegular = errors.New("ftpserver: not a regular file")  // 550
	ErrBadName    = errors.New("ftpserver: name not allowed")    // 553
	ErrNoSpace    = errors.New("ftpserver: no space left")       // 452
	ErrQuota      = errors.New("ftpserver: over quota")          // 552
	ErrBusy       = errors.New("ftpserver: busy")                // 450
	ErrOffset     = errors.New("ftpserver: offset beyond end")   // 550
	ErrCrossMount = errors.New("ftpserver: other file system")   // 553
)
