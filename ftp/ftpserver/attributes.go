package ftpserver

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"dray/ftp"
)

// setAttributes changes what a name says of itself.
type setAttributes struct {
	name     string
	accessed time.Time // zero: stays as it is
	modified time.Time // zero: stays as it is
	mode     fs.FileMode
	hasMode  bool
	done     ftp.Reply // what is said when it is done
}

func (o setAttributes) do(c *Conn) ftp.Reply {
	if o.hasMode {
		if err := c.setMode(o.name, o.mode); err != nil {
			return refusal(err)
		}
	}
	if !o.accessed.IsZero() || !o.modified.IsZero() {
		if err := c.setTimes(o.name, o.accessed, o.modified); err != nil {
			return refusal(err)
		}
	}
	return o.done
}

func (c *Conn) setMode(name string, mode fs.FileMode) error {
	setter, ok := c.fs.(ModeSetter)
	if !ok {
		return errors.ErrUnsupported
	}
	return setter.SetMode(c.ctx, name, mode)
}

func (c *Conn) setTimes(name string, accessed, modified time.Time) error {
	setter, ok := c.fs.(TimeSetter)
	if !ok {
		return errors.ErrUnsupported
	}
	return setter.SetTimes(c.ctx, name, accessed, modified)
}

// mfmt sets the time of a file (draft-somers-ftp-mfxx, section 3).
func mfmt(s *session, arg string) (op, ftp.Reply) {
	o, ok := s.setTime(arg)
	if !ok {
		return nil, reply(ftp.CodeBadArgument, "MFMT takes YYYYMMDDHHMMSS and a path")
	}
	return o, ftp.Reply{}
}

// mdtm asks for a time. Of old it also sets one, as MFMT does, which can only be meant
// where there is no file of that whole name.
func mdtm(s *session, arg string) (op, ftp.Reply) {
	o := fileTime{name: s.resolve(arg)}
	if set, ok := s.setTime(arg); ok {
		o.otherwise = &set
	}
	return o, ftp.Reply{}
}

// setTime reads "YYYYMMDDHHMMSS path".
func (s *session) setTime(arg string) (o setAttributes, ok bool) {
	stamp, name, _ := strings.Cut(arg, " ")
	t, err := parseStamp(stamp)
	if err != nil || name == "" {
		return o, false
	}
	o.name, o.modified = s.resolve(name), t
	o.done = reply(ftp.CodeFileStatus, modifyFact(t)+" "+o.name)
	return o, true
}

func modifyFact(t time.Time) string { return "Modify=" + string(ftp.AppendTime(nil, t)) + ";" }

// parseStamp reads a time-val that a file can have.
func parseStamp(s string) (time.Time, error) {
	t, err := ftp.ParseTime(s)
	if err == nil && !ftp.ValidTime(t) {
		err = strconv.ErrRange
	}
	return t, err
}

// mff sets facts (draft-somers-ftp-mfxx, section 5): all that are given, or none if one
// of them is not understood.
func mff(s *session, arg string) (op, ftp.Reply) {
	facts, name, _ := strings.Cut(arg, " ")
	if facts == "" || name == "" {
		return nil, reply(ftp.CodeBadArgument, "MFF takes facts, such as Modify=YYYYMMDDHHMMSS;, and a path")
	}
	o := setAttributes{name: s.resolve(name)}
	text := ""
	for fact := range strings.SplitSeq(strings.TrimSuffix(facts, ";"), ";") {
		key, value, _ := strings.Cut(fact, "=")
		var err error
		switch strings.ToLower(key) {
		case "modify":
			o.modified, err = parseStamp(value)
			text += modifyFact(o.modified)
		case "unix.mode":
			o.mode, err = parseMode(value)
			o.hasMode = true
			text += fmt.Sprintf("UNIX.mode=%04o;", o.mode)
		default:
			return nil, reply(ftp.CodeBadParameter, "The facts to change are Modify and UNIX.mode")
		}
		if err != nil {
			return nil, reply(ftp.CodeBadArgument, "A fact has a value that it cannot have")
		}
	}
	o.done = reply(ftp.CodeFileStatus, text+" "+o.name)
	return o, ftp.Reply{}
}

// parseMode reads permissions in octal. A fourth digit is taken and means nothing, so
// that nobody makes a file setuid.
func parseMode(s string) (fs.FileMode, error) {
	if len(s) < 3 || len(s) > 4 {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 8, 12)
	return fs.FileMode(n).Perm(), err
}
