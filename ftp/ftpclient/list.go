package ftpclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"dray/ftp"
)

// LineError is a line of a listing that could not be understood. The listing goes on.
type LineError struct {
	Line string // as it came, without its end
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %q: %v", e.Line, e.Err) }

// Unwrap returns why the line was not understood.
func (e *LineError) Unwrap() error { return e.Err }

// maxLine is the longest line of a listing, in octets.
const maxLine = 64 << 10

// List yields the entries of a directory, "" being the current one, as they come: by
// MLSD if the server has it, else by LIST in any of the forms of [ftp.Listing]. The directory itself and its parent are left
// out. A [LineError] tells of a line that was not understood and does not end the
// listing; any other error does. The client must not be used before the iteration has
// ended; a break leaves it usable.
func (c *Client) List(ctx context.Context, dir string) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		if c.hasMLSD() {
			err := c.list(ctx, "MLSD", dir, yield)
			if !notServed(err) {
				yieldError(yield, err)
				return
			}
			c.refusedMLSD = true
		}
		yieldError(yield, c.listUnix(ctx, dir, yield))
	}
}

func yieldError(yield func(ftp.Entry, error) bool, err error) {
	if err != nil {
		yield(ftp.Entry{}, err)
	}
}

func (c *Client) hasMLSD() bool {
	_, mlst := c.features["MLST"]
	_, mlsd := c.features["MLSD"]
	return (mlst || mlsd) && !c.refusedMLSD
}

// notServed reports whether a server said that it does not know a command.
func notServed(err error) bool {
	var refusal *ftp.Error
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Reply.Code {
	case ftp.CodeUnknown, ftp.CodeNotImplemented, ftp.CodeBadParameter:
		return true
	}
	return false
}

// listUnix sends LIST. A server may take a directory for options or for a pattern, so
// one that could be is entered first, and left afterwards.
func (c *Client) listUnix(ctx context.Context, dir string, yield func(ftp.Entry, error) bool) error {
	if !strings.HasPrefix(dir, "-") && !strings.ContainsAny(dir, " *?[]{}~\\") {
		empty := true
		err := c.list(ctx, "LIST", dir, func(e ftp.Entry, err error) bool {
			empty = false
			return yield(e, err)
		})
		if err == nil && empty && dir != "" {
			return c.enterable(ctx, dir) // vsftpd lists nothing of what is not there
		}
		return err
	}
	home, err := c.Pwd(ctx)
	if err != nil {
		return err
	}
	if err := c.Chdir(ctx, dir); err != nil {
		return err
	}
	err = c.list(ctx, "LIST", "", yield)
	if c.dead != nil {
		return err
	}
	return errors.Join(err, c.Chdir(ctx, home))
}

// list runs one listing. The error is nil when the caller wanted no more.
func (c *Client) list(ctx context.Context, verb, dir string, yield func(ftp.Entry, error) bool) error {
	parse, kind := parseMLSx, "" // RFC 3659, section 7.2: of any type
	if verb == "LIST" {
		listing := ftp.Listing{Now: time.Now()}
		parse, kind = listing.Line, "A"
	}
	return c.lines(ctx, ftp.Command{Verb: verb, Arg: dir}, kind, func(line string) bool {
		e, ok, err := parse(line)
		switch {
		case err != nil:
			return yield(ftp.Entry{}, &LineError{line, err})
		case !ok || e.Type == ftp.TypeCurDir || e.Type == ftp.TypeParent:
			return true
		default:
			return yield(e, nil)
		}
	})
}

// parseMLSx is the parser of MLSD in the shape of [ftp.Listing.Line].
func parseMLSx(line string) (e ftp.Entry, ok bool, err error) {
	if line == "" {
		return ftp.Entry{}, false, nil
	}
	e, err = ftp.ParseMLSx(line)
	return e, err == nil, err
}

// NameList yields the names that NLST tells for a directory, "" being the current one.
// Whether they carry the directory before them is the server's choice, as is what it
// makes of a pattern. The client must not be used before the iteration has ended; a break
// leaves it usable.
func (c *Client) NameList(ctx context.Context, dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := c.lines(ctx, ftp.Command{Verb: "NLST", Arg: dir}, "A", func(line string) bool { return yield(line, nil) })
		if err != nil {
			yield("", err)
		}
	}
}

// lines runs a command whose data is text, until its end or until each wants no more.
func (c *Client) lines(ctx context.Context, cmd ftp.Command, kind string, each func(line string) bool) error {
	return c.transfer(ctx, transfer{cmd: cmd, kind: kind, broke: ErrPartial, move: func(conn *dataConn) error {
		reader := bufio.NewReaderSize(conn, maxLine)
		for {
			line, err := reader.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				return &localError{ErrProtocol, fmt.Errorf("a line over %d octets", maxLine)}
			}
			if err != nil && err != io.EOF {
				return err
			}
			if err == io.EOF && len(line) == 0 {
				return conn.Close()
			}
			text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
			if !each(text) {
				return &localError{err: errors.New("no more wanted")}
			}
		}
	}})
}
