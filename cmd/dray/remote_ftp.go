package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"strings"

	"golang.org/x/term"

	"dray/ftp"
	"dray/ftp/ftpclient"
)

// ftpRemote is a name on an FTP server.
type ftpRemote struct {
	url    ftpclient.URL
	dialer ftpclient.Dialer
}

func parseFTP(raw string, o remoteOptions, std stdio) (remote, error) {
	url, err := ftpclient.ParseURL(raw)
	if err != nil {
		return nil, &urlError{3, err}
	}
	if url.Password == "" {
		if url.Password, err = askPassword(url.User, std); err != nil {
			return nil, err
		}
	}
	r := &ftpRemote{url: url}
	r.dialer.Security = url.Security
	if o.active {
		r.dialer.Mode = ftpclient.Active
	}
	return r, nil
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
	password, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(std.err)
	return string(password), err
}

func (r *ftpRemote) name() string {
	if r.url.Path == "" || strings.HasSuffix(r.url.Path, "/") {
		return ""
	}
	return path.Base(r.url.Path)
}

// session connects, logs in and lets do its work.
func (r *ftpRemote) session(ctx context.Context, do func(*ftpclient.Client) error) error {
	c, err := r.dialer.Dial(ctx, r.url.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login(ctx, r.url.User, r.url.Password); err != nil {
		return err
	}
	if err := do(c); err != nil {
		return err
	}
	_ = c.Quit(ctx) // the work is done, whatever the server says to this
	return nil
}

func (r *ftpRemote) fetch(ctx context.Context, w io.Writer, report func(done, total int64)) (n int64, err error) {
	total := int64(-1)
	r.dialer.Progress = func(done int64) { report(done, total) }
	err = r.session(ctx, func(c *ftpclient.Client) error {
		if size, err := c.Size(ctx, r.url.Path); err == nil { // some servers cannot tell
			total = size
		}
		n, err = c.Retrieve(ctx, r.url.Path, 0, w)
		return err
	})
	return n, err
}

func (r *ftpRemote) store(ctx context.Context, src io.Reader, size int64, report func(done, total int64)) (n int64, err error) {
	r.dialer.Progress = func(done int64) { report(done, size) }
	err = r.session(ctx, func(c *ftpclient.Client) error {
		n, err = c.Store(ctx, r.url.Path, 0, src)
		return err
	})
	return n, err
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
		err := r.session(ctx, func(c *ftpclient.Client) error {
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
