package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dray/ftp"
)

// Size returns the size of a file in octets (RFC 3659, section 4).
func (c *Client) Size(ctx context.Context, path string) (int64, error) {
	cmd := ftp.Command{Verb: "SIZE", Arg: path}
	end, err := c.begin(ctx, cmd)
	if err != nil {
		return 0, err
	}
	defer end()
	if err := c.setType(ctx, "I"); err != nil { // as text it may have another size, or none
		return 0, err
	}
	reply, err := c.command(ctx, cmd)
	if err != nil {
		return 0, err
	}
	size, err := strconv.ParseInt(strings.TrimSpace(reply.Text()), 10, 64)
	if err != nil || size < 0 {
		return 0, &OpError{Op: "SIZE", Path: path, Fault: ErrProtocol, Err: &ftp.Error{Command: "SIZE", Reply: reply}}
	}
	return size, nil
}

// ModTime returns when a file was last changed, in UTC (RFC 3659, section 3).
func (c *Client) ModTime(ctx context.Context, path string) (time.Time, error) {
	reply, err := c.Cmd(ctx, "MDTM", path)
	if err != nil {
		return time.Time{}, err
	}
	t, err := ftp.ParseTime(strings.TrimSpace(reply.Text()))
	if err != nil {
		return time.Time{}, &OpError{Op: "MDTM", Path: path, Fault: ErrProtocol, Err: err}
	}
	return t, nil
}

// SetModTime sets when a file was last changed, in whole seconds (MFMT). A server that
// cannot is ErrCommand.
func (c *Client) SetModTime(ctx context.Context, path string, t time.Time) error {
	_, err := c.Cmd(ctx, "MFMT", string(ftp.AppendTime(nil, t))+" "+path)
	return err
}

// Stat describes a file or a directory: by MLST if the server has it, else by what SIZE
// and MDTM tell of a file, or by whether a directory can be entered. What the server does
// not tell is unknown in the entry. The name is path itself.
func (c *Client) Stat(ctx context.Context, path string) (ftp.Entry, error) {
	if c.hasMLSD() {
		e, err := c.statFacts(ctx, path)
		if !notServed(err) {
			return e, err
		}
		c.refusedMLSD = true
	}
	e := ftp.Entry{Name: path, Type: ftp.TypeFile}
	size, err := c.Size(ctx, path)
	if err != nil {
		var refusal *ftp.Error
		if errors.As(err, &refusal) && c.enterable(ctx, path) == nil {
			return ftp.Entry{Name: path, Type: ftp.TypeDir, Size: -1}, nil
		}
		return ftp.Entry{}, err
	}
	e.Size = size
	if e.ModTime, err = c.ModTime(ctx, path); err != nil && c.dead != nil {
		return ftp.Entry{}, err
	}
	return e, nil
}

func (c *Client) statFacts(ctx context.Context, path string) (ftp.Entry, error) {
	reply, err := c.Cmd(ctx, "MLST", path)
	if err != nil {
		return ftp.Entry{}, err
	}
	if len(reply.Lines) < 3 {
		return ftp.Entry{}, &OpError{Op: "MLST", Path: path, Fault: ErrProtocol, Err: &ftp.Error{Command: "MLST", Reply: reply}}
	}
	e, err := ftp.ParseMLSx(strings.TrimPrefix(reply.Lines[1], " "))
	if err != nil {
		return ftp.Entry{}, &OpError{Op: "MLST", Path: path, Fault: ErrProtocol, Err: err}
	}
	e.Name = path
	return e, nil
}

// enterable changes to a directory and back; an error says that there is none.
func (c *Client) enterable(ctx context.Context, path string) error {
	home, err := c.Pwd(ctx)
	if err != nil {
		return err
	}
	if err := c.Chdir(ctx, path); err != nil {
		return err
	}
	return c.Chdir(ctx, home)
}

// Chdir changes the current directory.
func (c *Client) Chdir(ctx context.Context, path string) error {
	_, err := c.Cmd(ctx, "CWD", path)
	return err
}

// Pwd returns the current directory.
func (c *Client) Pwd(ctx context.Context) (string, error) {
	reply, err := c.Cmd(ctx, "PWD", "")
	if err != nil {
		return "", err
	}
	dir, err := parseQuoted(reply.Text())
	if err != nil {
		return "", &OpError{Op: "PWD", Fault: ErrProtocol, Err: err}
	}
	return dir, nil
}

// parseQuoted finds the path in a 257 reply: between double quotes, where two of them
// are one (RFC 959, appendix II).
func parseQuoted(text string) (string, error) {
	_, rest, ok := strings.Cut(text, `"`)
	if !ok {
		return "", fmt.Errorf("no path in %q", text)
	}
	var path strings.Builder
	for {
		part, after, ok := strings.Cut(rest, `"`)
		if !ok {
			return "", errors.New("no end of the path in " + strconv.Quote(text))
		}
		path.WriteString(part)
		if !strings.HasPrefix(after, `"`) {
			return path.String(), nil
		}
		path.WriteByte('"')
		rest = after[1:]
	}
}

// MakeDir makes a directory.
func (c *Client) MakeDir(ctx context.Context, path string) error {
	_, err := c.Cmd(ctx, "MKD", path)
	return err
}

// Remove removes a file.
func (c *Client) Remove(ctx context.Context, path string) error {
	_, err := c.Cmd(ctx, "DELE", path)
	return err
}

// RemoveDir removes an empty directory.
func (c *Client) RemoveDir(ctx context.Context, path string) error {
	_, err := c.Cmd(ctx, "RMD", path)
	return err
}

// Rename moves a file or a directory. Both paths are looked at before anything is sent.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	second := ftp.Command{Verb: "RNTO", Arg: to}
	if _, err := second.Append(nil); err != nil {
		return &OpError{Op: "RNTO", Fault: ErrCommand, Err: err}
	}
	reply, err := c.Cmd(ctx, "RNFR", from)
	if err != nil {
		return err
	}
	if reply.Code.Kind() != ftp.Intermediate {
		return &OpError{Op: "RNFR", Path: from, Fault: ErrProtocol, Err: &ftp.Error{Command: "RNFR", Reply: reply}}
	}
	_, err = c.Cmd(ctx, "RNTO", to)
	return err
}
