package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dray/tftp"
)

// tftpOptions are the flags of get and put that mean something for TFTP only.
type tftpOptions struct {
	block     int // octets, 0 for the client's default
	window    int // blocks, 0 for the client's default
	timeout   seconds
	mode      string // "" leaves it to the URL
	noOptions bool
	anyHost   bool
}

func (o *tftpOptions) add(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&o.block, "blksize", 0, fmt.Sprintf("TFTP: ask for blocks of so many octets, 8 to %d; what does not fit into a packet of the network goes in fragments (default %d)",
		tftp.MaxBlockSize, tftp.DefaultClientBlockSize))
	f.IntVar(&o.window, "windowsize", 0, fmt.Sprintf("TFTP: ask for so many blocks between two acknowledgements, 1 to %d (default %d)",
		maxWindow, tftp.DefaultClientWindowSize))
	f.Var(&o.timeout, "timeout", "TFTP: have the server send again after so many seconds, 1 to 255 (default what each side measures)")
	f.StringVar(&o.mode, "mode", "", "TFTP: octet, or netascii for text; whatever the URL says")
	f.BoolVar(&o.noOptions, "no-options", false, "TFTP: ask as in 1981, for servers and firewalls that choke on more")
	f.BoolVar(&o.anyHost, "any-host", false, "TFTP: take the answer from whatever address it comes, for servers that have several")
}

// maxWindow is the largest windowsize to ask for: beyond, block numbers are ambiguous.
const maxWindow = 32767

// check refuses values that no server grants, and flags that another scheme ignores.
func (o *tftpOptions) check(scheme string) error {
	if scheme != "tftp" {
		if *o != (tftpOptions{}) {
			return errors.New("--blksize, --windowsize, --timeout, --mode, --no-options and --any-host are for tftp://")
		}
		return nil
	}
	switch {
	case o.block != 0 && (o.block < tftp.MinBlockSize || o.block > tftp.MaxBlockSize):
		return fmt.Errorf("--blksize wants %d to %d octets", tftp.MinBlockSize, tftp.MaxBlockSize)
	case o.window < 0 || o.window > maxWindow:
		return fmt.Errorf("--windowsize wants 1 to %d blocks", maxWindow)
	case o.noOptions && (o.block != 0 || o.window != 0 || o.timeout != 0):
		return errors.New("--no-options leaves nothing to ask for: drop it, or --blksize, --windowsize and --timeout")
	case o.mode != "":
		if _, err := tftp.ParseMode(o.mode); err != nil {
			return errors.New("--mode wants octet or netascii")
		}
	}
	return nil
}

// seconds is a duration on the command line: 3 or 3s. The zero value is none.
type seconds time.Duration

// Set implements [pflag.Value].
func (s *seconds) Set(text string) error {
	if n, err := strconv.Atoi(text); err == nil {
		text = fmt.Sprint(n, "s")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > 255*time.Second || d%time.Second != 0 {
		return errors.New("want whole seconds, 1 to 255")
	}
	*s = seconds(d)
	return nil
}

// String implements [pflag.Value].
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type implements [pflag.Value].
func (s *seconds) Type() string { return "seconds" }

// tftpRemote is a name on a TFTP server.
type tftpRemote struct {
	url    tftp.URL
	client tftp.Client
}

func parseTFTP(raw string, o tftpOptions) (remote, error) {
	url, err := tftp.ParseURL(raw)
	if err != nil {
		return nil, &urlError{3, err}
	}
	if o.mode != "" {
		if url.Mode, err = tftp.ParseMode(o.mode); err != nil {
			return nil, &usageError{err}
		}
	}
	return &tftpRemote{url: url, client: tftp.Client{
		BlockSize: o.block, WindowSize: o.window, Timeout: time.Duration(o.timeout), NoOptions: o.noOptions, AnyHost: o.anyHost,
	}}, nil
}

func (r *tftpRemote) name() string {
	if strings.HasSuffix(r.url.Name, "/") {
		return ""
	}
	return path.Base(r.url.Name)
}

// errNoResume: TFTP has no way to begin anywhere but at the beginning.
var errNoResume = errors.New("TFTP cannot resume: leave --continue out")

func (r *tftpRemote) fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error {
	if offset > 0 {
		return &usageError{errNoResume}
	}
	r.client.Progress = report
	t, err := r.client.Get(ctx, r.url, w)
	return r.advise(err, t, false)
}

func (r *tftpRemote) store(ctx context.Context, src io.Reader, size int64, resume bool, report func(done, total int64)) error {
	if resume {
		return &usageError{errNoResume}
	}
	r.client.Progress = report
	t, err := r.client.Put(ctx, r.url, src, size)
	return r.advise(err, t, true)
}

// advise adds to an error what to do about it, as far as TFTP lets one guess.
func (r *tftpRemote) advise(err error, t tftp.Transfer, put bool) error {
	if err == nil {
		return nil
	}
	var said *tftp.Error
	advice := ""
	switch {
	case errors.As(err, &said):
		advice = r.adviceOn(said, put)
	case errors.Is(err, tftp.ErrGone):
		advice = "Nobody listens at " + r.url.Address() + ": start the server, or name its port as in tftp://HOST:6969/FILE"
	case errors.Is(err, tftp.ErrTimeout) && t.Negotiated == (tftp.Options{}) && t.Bytes == 0:
		advice = "See that a server runs at " + r.url.Address() + ", and that no firewall drops its answers, which come from another port than the one that is asked"
	case errors.Is(err, tftp.ErrTimeout) && t.Bytes == 0 && t.Negotiated.BlockSize > tftp.DefaultBlockSize:
		advice = fmt.Sprintf("The server answered, but no block of %d octets came through: try --blksize 512", t.Negotiated.BlockSize)
	case errors.Is(err, tftp.ErrTimeout):
		advice = fmt.Sprintf("The connection was lost after %d octets. TFTP cannot resume: begin again, with a smaller --windowsize if packets get lost on the way", t.Bytes)
	}
	return &advisedError{err, advice}
}

func (r *tftpRemote) adviceOn(said *tftp.Error, put bool) string {
	switch c := said.Code; {
	case c == tftp.CodeNotFound && put:
		return "The server wants the file or its folder to be there already: create it there, or let the server create files (tftpd-hpa: --create)"
	case c == tftp.CodeNotFound:
		return "See how the name is spelt at the server, in small and capital letters too: TFTP has no list of names"
	case c == tftp.CodeAccess && put:
		return "The server takes no such upload: it may be read-only (dray serve: --write), or its user may not write there"
	case c == tftp.CodeAccess && said.Message == "options required" && r.client.NoOptions:
		return "The server wants options in the request: leave --no-options out"
	case c == tftp.CodeAccess && said.Message == "options required":
		return "The server did not answer the request with options, and takes none without: it may be busy, and its log says which limit it reached. Try again"
	case c == tftp.CodeAccess:
		return "The server does not give this away: see the permissions of the file there"
	case c == tftp.CodeDiskFull:
		return "Make room at the server, or raise its limit; nothing of the file was kept if the server is a good one"
	case c == tftp.CodeIllegal, c == tftp.CodeOptions:
		return "The server did not understand: try --no-options, or another --mode"
	case c == tftp.CodeUnknownTID:
		return "The server lost track of the transfer: address translation on the way may have changed a port. Try again, or have the server use one port (dray serve: --tftp-single-port)"
	case c == tftp.CodeExists:
		return "The server overwrites nothing (dray serve: --tftp-write all): store under another name, or remove the file there"
	case c == tftp.CodeNoUser:
		return "TFTP has no users: the server's log may tell what it wants"
	}
	return "The server gives no other reason: its log may"
}

// advisedError is an error with a line on what to do about it.
type advisedError struct {
	err    error
	advice string // may be empty
}

func (e *advisedError) Error() string { return e.err.Error() }
func (e *advisedError) Unwrap() error { return e.err }
