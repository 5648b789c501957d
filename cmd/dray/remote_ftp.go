package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path"
	"strings"

	"golang.org/x/term"

	"dray/ftp"
	"dray/ftp/ftpclient"
)

// ftpRemote is a name on an FTP server.
type ftpRemote struct {
	url   ftpclient.URL
	retry ftpclient.Retry
}

func parseFTP(raw string, o remoteOptions, std stdio) (remote, error) {
	url, err := ftpclient.ParseURL(raw)
	if err != nil {
		return nil, &urlError{3, err}
	}
	dialer := ftpclient.Dialer{Security: url.Security, KeepAlive: o.keep}
	if o.active {
		dialer.Mode = ftpclient.Active
	}
	if o.pin != "" {
		if dialer.Pin, err = ftpclient.ParsePin(o.pin); err != nil {
			return nil, &usageError{err}
		}
	}
	if o.insecure {
		dialer.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	}
	if url.Password == "" {
		if url.Password, err = askPassword(url.User, std); err != nil {
			return nil, err
		}
	}
	if url.Security == ftpclient.Plain && url.Password != ftpclient.GuestPassword {
		dialer.DialContext = warnInClear(new(net.Dialer).DialContext, std.err)
	}
	return &ftpRemote{url: url, retry: ftpclient.Retry{
		Dialer: dialer, Address: url.Address, User: url.User, Password: url.Password, Retries: o.retries,
		Prepare: quote(o.quote),
		Failed:  func(err error) { fmt.Fprintf(std.err, "dray: %v: trying again\n", err) },
	}}, nil
}

// quote sends commands as they are. One that the server refuses ends the work.
func quote(commands []string) func(context.Context, *ftpclient.Client) error {
	return func(ctx context.Context, c *ftpclient.Client) error {
		for _, command := range commands {
			verb, arg, _ := strings.Cut(command, " ")
			if _, err := c.Cmd(ctx, verb, arg); err != nil {
				return err
			}
		}
		return nil
	}
}

// dialFunc is that of a net.Dialer.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// warnInClear says once that a password is about to go over a network in clear.
func warnInClear(dial dialFunc, w io.Writer) dialFunc {
	said := false
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil || said {
			return conn, err
		}
		if peer, ok := conn.RemoteAddr().(*net.TCPAddr); ok && !peer.IP.IsLoopback() {
			said = true
			fmt.Fprintln(w, "dray: warning: the password goes over the network in clear: use ftpes:// if the server has TLS")
		}
		return conn, nil
	}
}

// askPassword takes the password from the environment, or from the person at the terminal.
func askPassword(user string, std stdio) (string, error) {
	if password := os.Getenv("DRAY_PASSWORD"); password != "" {
		return password, nil
	}
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", &usageError{fmt.Errorf("no password for %q: set DRAY_PASSWORD, or write USER:PASSWORD@ in the URL", user)}
	}
	fmt.Fprintf(std.err, "Password for %s: ", user)
	defer fmt.Fprintln(std.err)
	return readHidden(int(in.Fd()))
}

// readHidden reads a line from a terminal that does not show it, and leaves the terminal
// as it was also after Ctrl-C.
func readHidden(fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() { // after Ctrl-C it waits until the program ends, which is at once
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(context.Canceled, term.Restore(fd, before))
	}
}

func (r *ftpRemote) name() string {
	if r.url.Path == "" || strings.HasSuffix(r.url.Path, "/") {
		return ""
	}
	return path.Base(r.url.Path)
}

func (r *ftpRemote) fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error {
	total := int64(-1)
	job := r.retry
	job.Found = func(e ftp.Entry) {
		if e.Size >= 0 {
			total = e.Size - offset
		}
	}
	job.Dialer.Progress = func(done int64) { report(done, total) }
	_, err := job.Download(ctx, r.url.Path, offset, w)
	if err != nil && total < -1 {
		return &localError{cannotResume, fmt.Errorf("the file here is %d octets longer than the server's: it is another one", -total)}
	}
	return err
}

func (r *ftpRemote) store(ctx context.Context, src io.Reader, size int64, resume bool, report func(done, total int64)) error {
	job := r.retry
	job.Dialer.Progress = func(done int64) { report(done, size) }
	file, ok := src.(io.ReadSeeker)
	if !ok || size < 0 { // nothing to go back in: one attempt
		return r.session(ctx, job.Dialer, func(c *ftpclient.Client) error {
			_, err := c.Store(ctx, r.url.Path, 0, src)
			return err
		})
	}
	offset := int64(0)
	if resume {
		var err error
		if offset, err = r.there(ctx, size); err != nil {
			return err
		}
	}
	_, err := job.Upload(ctx, r.url.Path, offset, file)
	return err
}

// there asks how much of an upload of size octets the server has.
func (r *ftpRemote) there(ctx context.Context, size int64) (n int64, err error) {
	err = r.session(ctx, r.retry.Dialer, func(c *ftpclient.Client) error {
		n, err = c.Size(ctx, r.url.Path)
		if errors.Is(err, ftpclient.ErrNotFound) {
			return nil
		}
		return err
	})
	if err == nil && n > size {
		return 0, &localError{cannotRead, fmt.Errorf("the server's file has %d octets, more than the %d here: it is another one", n, size)}
	}
	return n, err
}

// session connects, logs in and lets do its work.
func (r *ftpRemote) session(ctx context.Context, dialer ftpclient.Dialer, do func(*ftpclient.Client) error) error {
	c, err := dialer.Dial(ctx, r.url.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login(ctx, r.url.User, r.url.Password); err != nil {
		return err
	}
	if err := r.retry.Prepare(ctx, c); err != nil {
		return err
	}
	if err := do(c); err != nil {
		return err
	}
	_ = c.Quit(ctx) // the work is done, whatever the server says to this
	return nil
}

// dir is the path of a directory without the "/" at its end, which some servers mistake.
func (r *ftpRemote) dir() string {
	if r.url.Path == "/" {
		return "/"
	}
	return strings.TrimSuffix(r.url.Path, "/")
}

func (r *ftpRemote) list(ctx context.Context) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		err := r.session(ctx, r.retry.Dialer, func(c *ftpclient.Client) error {
			for e, err := range c.List(ctx, r.dir()) {
				if !yield(e, err) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(ftp.Entry{}, err)
		}
	}
}
