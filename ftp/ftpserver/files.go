package ftpserver

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"dray/ftp"
)

// The operations on names that need no data connection.
type (
	changeDir  struct{ name string }
	fileSize   struct{ name string }
	makeDir    struct{ name string }
	renameFrom struct{ name string }
	statPath   struct{ name string }
	freeSpace  struct{ dir string }
	rename     struct{ from, to string }
	remove     struct {
		name string
		dir  bool
	}
	fileTime struct {
		name      string
		otherwise *setAttributes // what is meant if there is no such name; or nil
	}
	describe struct {
		name  string
		facts ftp.Facts
	}
	allocate struct {
		octets int64
		dir    string
	}
)

func (o changeDir) do(c *Conn) ftp.Reply {
	e, err := c.fs.Stat(c.ctx, o.name)
	switch {
	case err != nil:
		return c.inVain("CWD", o.name, err)
	case e.Type != ftp.TypeDir:
		return c.inVain("CWD", o.name, ErrNotDir)
	}
	c.state.cwd = o.name
	return reply(ftp.CodeActionDone, "Directory changed")
}

// inVain refuses a name that was asked for, and tells of it.
func (c *Conn) inVain(verb, name string, err error) ftp.Reply {
	if o, ok := c.backend.(LookupObserver); ok {
		o.LookupFailed(verb, name, err)
	}
	return refusal(err)
}

// statFile describes a regular file.
func (c *Conn) statFile(name string) (ftp.Entry, error) {
	e, err := c.fs.Stat(c.ctx, name)
	switch {
	case err != nil:
		return e, err
	case e.Type == ftp.TypeDir:
		return e, ErrIsDir
	case e.Type != ftp.TypeFile:
		return e, ErrNotRegular
	}
	return e, nil
}

func (o fileSize) do(c *Conn) ftp.Reply {
	e, err := c.statFile(o.name)
	switch {
	case err != nil:
		return c.inVain("SIZE", o.name, err)
	case e.Size < 0:
		return reply(ftp.CodeNotFile, "The size is not known")
	}
	return reply(ftp.CodeFileStatus, fmt.Sprint(e.Size))
}

func (o fileTime) do(c *Conn) ftp.Reply {
	e, err := c.fs.Stat(c.ctx, o.name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.otherwise != nil:
		return o.otherwise.do(c)
	case err != nil:
		return c.inVain("MDTM", o.name, err)
	case !ftp.ValidTime(e.ModTime):
		return reply(ftp.CodeNotFile, "The time is not known")
	}
	return reply(ftp.CodeFileStatus, string(ftp.AppendTime(nil, e.ModTime)))
}

func (o makeDir) do(c *Conn) ftp.Reply {
	if err := c.fs.Mkdir(c.ctx, o.name); err != nil {
		return refusal(err)
	}
	return reply(ftp.CodeCreated, quote(o.name)+" created")
}

func (o remove) do(c *Conn) ftp.Reply {
	if err := c.fs.Remove(c.ctx, o.name, o.dir); err != nil {
		return refusal(err)
	}
	return reply(ftp.CodeActionDone, "Removed")
}

func (o renameFrom) do(c *Conn) ftp.Reply {
	if _, err := c.fs.Stat(c.ctx, o.name); err != nil {
		return c.inVain("RNFR", o.name, err)
	}
	c.state.from = o.name
	return reply(ftp.CodePending, "RNTO says the new name")
}

func (o rename) do(c *Conn) ftp.Reply {
	if err := c.fs.Rename(c.ctx, o.from, o.to); err != nil {
		return refusal(err)
	}
	return reply(ftp.CodeActionDone, "Renamed")
}

// do answers MLST. The name in the answer is the whole path (RFC 3659, section 7.3.1).
func (o describe) do(c *Conn) ftp.Reply {
	e, err := c.fs.Stat(c.ctx, o.name)
	if err != nil {
		return c.inVain("MLST", o.name, err)
	}
	e.Name = o.name
	line := string(e.AppendFacts([]byte(" "), o.facts))
	return ftp.Reply{Code: ftp.CodeActionDone, Lines: []string{"Listing", line, "End"}}
}

// do answers ALLO. Without a backend that knows its space anything fits.
func (o allocate) do(c *Conn) ftp.Reply {
	r, ok := c.fs.(SpaceReporter)
	if !ok {
		return reply(ftp.CodeSuperfluous, "No need to allocate")
	}
	free, err := r.FreeSpace(c.ctx, o.dir)
	switch {
	case err != nil:
		return refusal(err)
	case o.octets > free:
		return reply(ftp.CodeNoRoom, "It does not fit")
	}
	return reply(ftp.CodeOK, "It fits")
}

// do answers AVBL (draft-peterson-streamlined-ftp-command-extensions, section 4).
func (o freeSpace) do(c *Conn) ftp.Reply {
	r, ok := c.fs.(SpaceReporter)
	if !ok {
		return refusal(errors.ErrUnsupported)
	}
	free, err := r.FreeSpace(c.ctx, o.dir)
	if err != nil {
		return refusal(err)
	}
	return reply(ftp.CodeFileStatus, fmt.Sprint(free))
}

// maxStatLines bounds what STAT lists: its reply is built in memory, while LIST streams.
const maxStatLines = 1000

// do answers STAT with a path: a listing on the control connection.
func (o statPath) do(c *Conn) ftp.Reply {
	e, err := c.fs.Stat(c.ctx, o.name)
	if err != nil {
		return c.inVain("STAT", o.name, err)
	}
	now := time.Now()
	if e.Type != ftp.TypeDir {
		line := string(e.AppendUnix([]byte(" "), now))
		return ftp.Reply{Code: ftp.CodeFileStatus, Lines: []string{"Status:", line, "End"}}
	}
	lines := []string{"Status:"}
	for e, err := range c.fs.List(c.ctx, o.name) {
		if err != nil {
			return refusal(err)
		}
		if len(lines) > maxStatLines {
			lines = append(lines, " and more, which LIST shows")
			break
		}
		lines = append(lines, string(e.AppendUnix([]byte(" "), now)))
	}
	return ftp.Reply{Code: ftp.CodeDirStatus, Lines: append(lines, "End")}
}
