package tftp

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"
)

// Handler gives a server its files. Its methods may be called from any goroutine, one
// for each transfer. An error may be an [*Error], which is sent as it is; fs.ErrNotExist,
// fs.ErrPermission, fs.ErrExist and ErrNoSpace get their code and a fixed text; any other
// is sent as code 0 with a fixed text, so that nothing of the host leaks.
//
// A method may lower or leave out the options in its request before it returns: the server
// grants no more than is left of them.
type Handler interface {
	// ReadFile opens a file for a read request. size is its length in octets, negative
	// when it is not known. When rd is an io.ReaderAt too, the server reads by offset.
	ReadFile(ctx context.Context, r *Request) (rd io.ReadCloser, size int64, err error)

	// WriteFile begins an upload for a write request.
	WriteFile(ctx context.Context, r *Request) (Upload, error)
}

// TransferObserver is a Handler that wants to know of every transfer when it has ended,
// and of every request that was refused.
type TransferObserver interface {
	Transferred(r *Request, t Transfer)
}

// FaultObserver is a Handler that wants to know when a panic has ended a transfer. Of
// another the Log of the server is told.
type FaultObserver interface {
	Fault(r *Request, err error) // with the stack
}

// Request is a read or a write request that has been understood.
type Request struct {
	Write   bool           // WRQ, not RRQ
	Name    string         // as sent, not cleaned
	Mode    Mode           //
	Options Options        // as the client asked
	Remote  netip.AddrPort // the client's TID
	Local   netip.Addr     // the address that was asked
}

// Transfer is the outcome of a request.
type Transfer struct {
	Bytes      int64         // of the file, before netascii conversion on the wire
	Duration   time.Duration // from the request to the end
	Resent     int           // packets sent again
	Negotiated Options       // what both sides agreed on; zero without options
	Note       string        // in words, such as "final ACK missing"; "" for nothing to say
	Err        error         // nil: complete, or the client only asked for the size, as Note says
}

// Upload is a file being received: visible after Commit, never before. The server ends
// it with exactly one of both. Commit comes before the last ACK is sent, so that the ACK
// means "stored".
type Upload interface {
	io.Writer
	Commit() error
	Abort() error
}

// ErrNoSpace is a Handler's word for a full disk or a spent quota (error code 3).
var ErrNoSpace = errors.New("tftp: no space left")
