package place

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"

	"dray/internal/device/iossim/flash"
)

// Remote is a file on a server, as a command names it.
type Remote struct {
	Scheme   string // "tftp", "ftp" or "scp"
	Host     string
	Port     int // 0 is that of the protocol
	User     string
	Password string
	Path     string // without the slash that follows the host

	BlockSize int        // of TFTP, in octets; 0 means 512
	Active    bool       // FTP: the server opens the data connections
	Source    netip.Addr // of the interface that is to be used; the zero value is any
}

// Mark is a sign that a transfer is alive, as devices print it.
type Mark byte

// The marks.
const (
	MarkPackets Mark = '!' // ten packets more
	MarkTimeout Mark = '.' // one had to be sent again
	MarkOrder   Mark = 'O' // one came out of order
)

// Transfers moves files over the network. mark may be nil; it is called from any goroutine. Besides the errors below,
// those of io/fs say what a server answered: fs.ErrNotExist, fs.ErrPermission and
// fs.ErrExist. An error of w or r comes back wrapped.
type Transfers interface {
	// Fetch writes a file to w, and calls mark as it goes on.
	Fetch(ctx context.Context, r Remote, w io.Writer, mark func(Mark)) error

	// Store makes a file of size octets of what src has.
	Store(ctx context.Context, r Remote, src io.Reader, size int64, mark func(Mark)) error

	// ServeTFTP serves files by name until ctx ends.
	ServeTFTP(ctx context.Context, open func(name string) (flash.Content, bool)) error
}

// Pinger is a Transfers that can also tell whether a host answers.
type Pinger interface {
	// Ping returns after the host has answered, in whatever way; an error is why it did not.
	Ping(ctx context.Context, host string) error
}

// What else may become of a transfer.
var (
	ErrTimeout     = errors.New("timed out")
	ErrLogin       = errors.New("incorrect login or password")
	ErrRefused     = errors.New("connection refused by remote host")
	ErrHost        = errors.New("cannot resolve domain name")
	ErrUnsupported = errors.New("protocol not supported")
)

// Why is how a device names an error.
func Why(err error) string {
	for _, w := range []struct {
		err  error
		text string
	}{
		{flash.ErrFull, "Not enough space on device"}, {flash.ErrDir, "Is a directory"}, {flash.ErrNotDir, "Not a directory"},
		{flash.ErrNotEmpty, "Directory not empty"}, {fs.ErrNotExist, "No such file or directory"}, {fs.ErrPermission, "Permission denied"},
		{fs.ErrExist, "File exists"}, {fs.ErrInvalid, "Invalid argument"}, {ErrTimeout, "Timed out"}, {ErrLogin, "Incorrect Login/Password"},
		{ErrRefused, "Connection refused by remote host"}, {ErrHost, "Cannot resolve domain name"}, {ErrUnsupported, "Protocol not supported"},
	} {
		if errors.Is(err, w.err) {
			return w.text
		}
	}
	return "I/O error"
}
