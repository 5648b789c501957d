package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"dray/ftp"
)

// Retry transfers files over as many connections as it takes, one after the other, and
// sends no octet twice that the other side has. The zero value of Retries makes it give
// up at the first fault.
type Retry struct {
	Dialer   Dialer
	Address  string // "host:port"
	User     string
	Password string

	// Prepare is called on each connection after its log-in. An error of it ends the
	// attempt. It may be nil.
	Prepare func(ctx context.Context, c *Client) error

	// Retries is how many attempts in a row may move nothing, after the first. An
	// attempt that moved something sets the count back.
	Retries int

	// Backoff says how long to wait before the nth retry in a row, from 1. nil is half
	// a second, doubled each time up to a minute, each with a random half taken off.
	Backoff func(n int) time.Duration

	// Failed is told of each fault that is followed by a retry. It may be nil.
	Failed func(err error)

	// Found is told of the file before a Download begins: its Size, -1 if the server does
	// not tell, and its ModTime. It may be nil.
	Found func(ftp.Entry)
}

// ErrChanged is a file that is not the one that the transfer began with.
var ErrChanged = errors.New("ftpclient: file has changed since the transfer began")

// Download writes the file at path to w, from offset on, and returns how many octets it
// wrote. It fails with ErrChanged if the file's size or time changes meanwhile, with
// ErrPartial if the server ends it before its size, and with ErrIsDir if it is a directory.
func (r *Retry) Download(ctx context.Context, path string, offset int64, w io.Writer) (int64, error) {
	d := download{path: path, offset: offset, w: w, found: r.Found}
	err := r.run(ctx, func(c *Client) (int64, error) { return d.attempt(ctx, c) })
	return d.n, err
}

// download is what is known of a file from one attempt to the next.
type download struct {
	path   string
	offset int64
	w      io.Writer
	found  func(ftp.Entry)
	n      int64      // octets written
	known  *ftp.Entry // nil before the first attempt
}

func (d *download) attempt(ctx context.Context, c *Client) (int64, error) {
	e, err := look(ctx, c, d.path)
	if err != nil {
		return 0, d.orFolder(ctx, c, err)
	}
	if d.known == nil {
		d.known = &e
		if d.found != nil {
			d.found(e)
		}
	}
	if e.Size != d.known.Size || !e.ModTime.Equal(d.known.ModTime) {
		return 0, &OpError{Op: "RETR", Path: d.path, Fault: ErrRetrieve, Err: ErrChanged}
	}
	if d.n > 0 && d.offset+d.n == e.Size { // all but the last reply came
		return 0, nil
	}
	n, err := c.Retrieve(ctx, d.path, d.offset+d.n, d.w)
	d.n += n
	if n == 0 {
		err = d.orFolder(ctx, c, err)
	}
	switch end := d.offset + d.n; {
	case err != nil || e.Size < 0 || end == e.Size:
		return n, err
	case end > e.Size:
		return n, &OpError{Op: "RETR", Path: d.path, Fault: ErrRetrieve, Err: ErrChanged}
	default:
		return n, &OpError{Op: "RETR", Path: d.path, Fault: ErrPartial, Err: fmt.Errorf("ended at octet %d of %d", end, e.Size)}
	}
}

// orFolder replaces a refusal for good by ErrIsDir if that is its reason. The codes and
// texts of servers do not tell; whether it can be entered does.
func (d *download) orFolder(ctx context.Context, c *Client, err error) error {
	var refusal *ftp.Error
	if c.dead != nil || !errors.As(err, &refusal) || refusal.Reply.Code != ftp.CodeNotFound || c.enterable(ctx, d.path) != nil {
		return err
	}
	return &OpError{Op: "RETR", Path: d.path, Fault: ErrIsDir, Err: refusal}
}

// look asks for size and time of a file. A server that tells neither is no fault.
func look(ctx context.Context, c *Client, path string) (ftp.Entry, error) {
	e := ftp.Entry{Name: path, Size: -1}
	size, err := c.Size(ctx, path)
	if c.dead != nil || errors.Is(err, ErrNotFound) {
		return e, err
	}
	if err == nil {
		e.Size = size
	}
	e.ModTime, err = c.ModTime(ctx, path)
	if c.dead != nil {
		return e, err
	}
	return e, nil
}

// Upload sends r, of which the server has offset octets already, to the file at path, and
// returns how many octets it sent. After a fault it goes on where the server's file ends,
// but only if there was no file before or offset is above 0: else what is there may be the
// old file, and it starts over.
func (r *Retry) Upload(ctx context.Context, path string, offset int64, src io.ReadSeeker) (int64, error) {
	total, err := src.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, &OpError{Op: "STOR", Path: path, Fault: ErrRead, Err: err}
	}
	u := upload{path: path, offset: offset, src: src, total: total, resumable: offset > 0}
	err = r.run(ctx, func(c *Client) (int64, error) { return u.attempt(ctx, c) })
	return u.n, err
}

// upload is what is known of a file from one attempt to the next.
type upload struct {
	path      string
	offset    int64
	src       io.ReadSeeker
	total     int64 // size of src
	n         int64 // octets sent, those included that did not arrive
	end       int64 // how far src has been sent at most
	resumable bool  // what the server has is ours
	began     bool
}

func (u *upload) attempt(ctx context.Context, c *Client) (int64, error) {
	at := u.offset
	size, err := c.Size(ctx, u.path)
	if c.dead != nil {
		return 0, err
	}
	if !u.began {
		u.began = true
		u.resumable = u.resumable || errors.Is(err, ErrNotFound)
	} else if u.resumable && err == nil && size > at && size <= u.end {
		at = size
		if at == u.total { // all but the last reply came
			return 0, nil
		}
	}
	if _, err := u.src.Seek(at, io.SeekStart); err != nil {
		return 0, &OpError{Op: "STOR", Path: u.path, Fault: ErrRead, Err: err}
	}
	n, err := c.Store(ctx, u.path, at, u.src)
	u.n += n
	u.end = max(u.end, at+n)
	return n, err
}

// run makes attempts until one succeeds, or fails for good.
func (r *Retry) run(ctx context.Context, attempt func(*Client) (moved int64, err error)) error {
	for n := 1; ; n++ {
		moved, err := r.connected(ctx, attempt)
		if err == nil || !mayPass(err) || ctx.Err() != nil {
			return err
		}
		if moved > 0 {
			n = 1
		}
		if n > r.Retries {
			return err
		}
		if r.Failed != nil {
			r.Failed(err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(r.backoff(n)):
		}
	}
}

// connected makes one attempt on a connection of its own.
func (r *Retry) connected(ctx context.Context, attempt func(*Client) (int64, error)) (int64, error) {
	c, err := r.Dialer.Dial(ctx, r.Address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Login(ctx, r.User, r.Password); err != nil {
		return 0, err
	}
	if r.Prepare != nil {
		if err := r.Prepare(ctx, c); err != nil {
			return 0, err
		}
	}
	moved, err := attempt(c)
	if err == nil && c.dead == nil {
		_ = c.Quit(ctx) // the file is complete, whatever the server says to that
	}
	return moved, err
}

func (r *Retry) backoff(n int) time.Duration {
	if r.Backoff != nil {
		return r.Backoff(n)
	}
	full := min(time.Second<<min(n-1, 6)/2, time.Minute)
	return full - rand.N(full/2)
}

// mayPass reports whether another attempt could go better: the connection broke, or the
// server said that it cannot now.
func mayPass(err error) bool {
	var fault Fault
	if !errors.As(err, &fault) {
		return false
	}
	switch fault {
	case ErrConnect, ErrUnavailable, ErrTimeout, ErrPartial, ErrSend, ErrReceive, ErrActiveWait:
		return true
	case ErrNoSpace, ErrWrite, ErrRead:
		return false
	}
	var refusal *ftp.Error
	return errors.As(err, &refusal) && refusal.Reply.Code.Kind() == ftp.Transient
}
