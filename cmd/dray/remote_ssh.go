package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"dray/internal/sshclient"
)

// sshOptions are the flags of SFTP and scp.
type sshOptions struct {
	hostKey    string
	jump       string
	identities []string
	legacy     bool
}

func (o *sshOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.hostKey, "host-key", "", "SFTP, scp: accept this key of the server only, written SHA256:BASE64, instead of asking")
	f.StringVarP(&o.jump, "jump", "J", "", "SFTP, scp: go through [USER@]HOST[:PORT], several with commas between")
	f.StringArrayVarP(&o.identities, "identity", "i", nil, "SFTP, scp: log in with the private key in this file (repeatable)")
	f.BoolVar(&o.legacy, "ssh-legacy", false, "SFTP, scp: also use SHA-1 and CBC, for devices before 2018")
}

func (o *sshOptions) check(scheme string) error {
	switch {
	case scheme == "sftp" || scheme == "scp":
	case o.hostKey != "" || o.jump != "" || len(o.identities) > 0 || o.legacy:
		return errors.New("--host-key, --jump, --identity and --ssh-legacy are for sftp:// and scp://")
	}
	if o.hostKey != "" && !strings.HasPrefix(o.hostKey, "SHA256:") {
		return errors.New("--host-key wants a fingerprint such as SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8, as ssh-keygen -l shows it")
	}
	return nil
}

// sshRemote is a path on an SSH server.
type sshRemote struct {
	dialer sshclient.Dialer
	target sshclient.Target
	path   string // relative to the folder where log-in leads, unless it begins with "/"
}

// parseSSH reads a URL: sftp://USER:PASSWORD@HOST:PORT/PATH, where /~/ stands for the
// folder where log-in leads. The host may be an alias of ~/.ssh/config.
func parseSSH(raw string, o sshOptions, std stdio) (remote, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Path, "\x00\r\n") {
		return nil, &urlError{3, fmt.Errorf("%s is no URL of the form SCHEME://[USER@]HOST[:PORT]/PATH", withoutPassword(raw))}
	}
	r := sshRemote{target: sshclient.Target{User: u.User.Username(), Host: u.Hostname()}, path: u.Path}
	if rest, ok := strings.CutPrefix(u.Path, "/~/"); ok {
		r.path = "./" + rest
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return nil, &urlError{3, fmt.Errorf("port %s is not one", u.Port())}
		}
		r.target.Port = int(port)
	}
	r.dialer = sshDialer(o, std)
	r.dialer.Password, _ = u.User.Password()
	if r.dialer.Password == "" {
		r.dialer.Password = os.Getenv("DRAY_PASSWORD")
	}
	if u.Scheme == "scp" {
		return &scpRemote{r}, nil
	}
	return &sftpRemote{r}, nil
}

// withoutPassword is a URL that can be shown.
func withoutPassword(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + rest
}

// sshDialer is what ssh would use.
func sshDialer(o sshOptions, std stdio) sshclient.Dialer {
	d := sshclient.Dialer{
		HostKey: o.hostKey, Jump: o.jump, Legacy: o.legacy, Identities: o.identities,
		Agent: os.Getenv("SSH_AUTH_SOCK"), Ask: asker(std),
	}
	if u, err := user.Current(); err == nil {
		d.User = u.Username
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return d
	}
	own := filepath.Join(home, ".ssh")
	d.Config = filepath.Join(own, "config")
	d.KnownHosts = []string{filepath.Join(own, "known_hosts"), filepath.Join(own, "known_hosts2"), "/etc/ssh/ssh_known_hosts"}
	if len(d.Identities) == 0 {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			d.Identities = append(d.Identities, filepath.Join(own, name))
		}
	}
	return d
}

// asker asks the person at the terminal; nil if there is none.
func asker(std stdio) func(question string, secret bool) (string, error) {
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	return func(question string, secret bool) (string, error) {
		fmt.Fprint(std.err, question)
		if secret {
			defer fmt.Fprintln(std.err)
			return readHidden(int(in.Fd()))
		}
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && line == "" {
			return "", err
		}
		return strings.TrimSpace(line), nil
	}
}

func (r *sshRemote) name() string {
	if r.path == "" || strings.HasSuffix(r.path, "/") {
		return ""
	}
	return path.Base(r.path)
}

// session connects, and lets do its work.
func (r *sshRemote) session(ctx context.Context, do func(*sshclient.Client) error) error {
	c, err := r.dialer.Dial(ctx, r.target)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := do(c); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return nil
}

// counting reports what goes through.
type counting struct {
	done, total int64
	report      func(done, total int64)
}

func (c *counting) add(n int) {
	c.done += int64(n)
	c.report(c.done, c.total)
}

type countingWriter struct {
	io.Writer
	counting
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.add(n)
	return n, err
}

type countingReader struct {
	io.Reader
	counting
}

func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.add(n)
	return n, err
}

// transferError is what a server says about a transfer, with the exit code it stands for.
type transferError struct {
	code int
	err  error
}

func (e *transferError) Error() string { return e.err.Error() }
func (e *transferError) Unwrap() error { return e.err }
