package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dray/ftp"
)

// remote is a file on a server, whatever the protocol. The report is told how many octets
// the transfer has moved so far and how many there are in all, -1 if nobody knows.
type remote interface {
	// name is the last element of the path, "" if the URL has none.
	name() string

	// fetch writes the file to w, from offset on.
	fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error

	// store sends r, of size octets or -1. With resume, what the server has already is
	// not sent again.
	store(ctx context.Context, r io.Reader, size int64, resume bool, report func(done, total int64)) error
}

// lister is a remote whose protocol has lists.
type lister interface {
	// list yields what is in the directory.
	list(ctx context.Context) iter.Seq2[ftp.Entry, error]
}

// remoteOptions are the flags that get, put and ls share.
type remoteOptions struct {
	active   bool
	insecure bool
	pin      string
	retries  int
	quote    []string
	keep     time.Duration
	tftp     tftpOptions
	ssh      sshOptions
}

func (o *remoteOptions) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.active, "active", false, "FTP: let the server open the data connections")
	f.BoolVar(&o.insecure, "insecure", false, "FTPS: accept any certificate, so that ANYONE on the way can read and change everything")
	f.StringVar(&o.pin, "pin", "", "FTPS: accept this key only, written sha256//BASE64, whatever its certificate says")
	f.IntVar(&o.retries, "retries", 0, "FTP: try again so many times in a row when a connection breaks, from where it broke")
	f.StringArrayVarP(&o.quote, "quote", "Q", nil, "FTP: send this command after log-in, such as \"SITE UMASK 022\" (repeatable)")
	f.DurationVar(&o.keep, "keep-alive", time.Minute, "FTP: send NOOP so often during a transfer, 0 for never")
	o.ssh.add(f)
}

// check refuses flags that would be taken for protection, or for anything, where they
// mean nothing.
func (o *remoteOptions) check(scheme string) error {
	secure := scheme == "ftps" || scheme == "ftpes"
	switch {
	case o.retries < 0:
		return errors.New("--retries wants a number from 0 on")
	case o.insecure && o.pin != "":
		return errors.New("--insecure and --pin contradict each other")
	case (o.insecure || o.pin != "") && !secure:
		return errors.New("--insecure and --pin are for ftpes:// and ftps://")
	case !strings.HasPrefix(scheme, "ftp") && (o.active || o.retries > 0 || len(o.quote) > 0):
		return errors.New("--active, --retries and --quote are for FTP")
	}
	if err := o.ssh.check(scheme); err != nil {
		return err
	}
	return o.tftp.check(scheme)
}

// parseRemote reads a URL. It connects to nothing.
func parseRemote(raw string, o remoteOptions, std stdio) (remote, error) {
	scheme, found := schemeOf(raw)
	if err := o.check(scheme); err != nil {
		return nil, &usageError{err}
	}
	switch scheme {
	case "ftp", "ftpes", "ftps":
		return parseFTP(raw, o, std)
	case "tftp":
		return parseTFTP(raw, o.tftp)
	case "sftp", "scp":
		return parseSSH(raw, o.ssh, std)
	}
	if !found {
		return nil, &urlError{3, fmt.Errorf("%q is no URL: want ftp://HOST/FILE, sftp://HOST/FILE or tftp://HOST/FILE", raw)}
	}
	return nil, &urlError{1, fmt.Errorf("scheme %q is not supported: ftp, ftpes, ftps, sftp, scp and tftp are", scheme)}
}

// schemeOf returns what a URL begins with, in lower case.
func schemeOf(raw string) (scheme string, found bool) {
	scheme, _, found = strings.Cut(raw, "://")
	return strings.ToLower(scheme), found
}
