package tftpd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// What a program ends with.
const (
	exitNotFound = 1   // there is no such file for this client
	maxComplaint = 512 // octets of its standard error in the log
)

// errNothing is a program's word for: there is no such file.
var errNothing = errors.New("the program has no such file")

// run has the program write to out. Its environment holds the facts and a PATH, and
// nothing of ours; it reads nothing. It gets a place among those that run at once, or
// waits for one. When its time is up, it and all that it started are killed.
func (v *Provision) run(ctx context.Context, f Facts, out io.Writer, places chan struct{}) error {
	timeout := v.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
		return fmt.Errorf("%d programs run already, and none ended in %v", cap(places), timeout)
	}
	cmd := exec.CommandContext(ctx, v.Program[0], v.Program[1:]...)
	cmd.Env = f.environment()
	cmd.Stdout = out
	var complaint bytes.Buffer
	cmd.Stderr = &clipped{w: &complaint, left: maxComplaint}
	cmd.WaitDelay = time.Second // for what it left running with our pipes
	alone(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("it did not end within %v", timeout)
	case errors.As(err, &exit) && exit.ExitCode() == exitNotFound:
		return errNothing
	case complaint.Len() > 0:
		return fmt.Errorf("%w, %s", err, strings.TrimSpace(complaint.String()))
	}
	return err
}

// environment is the facts as a program sees them.
func (f Facts) environment() []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"TFTP_NAME=" + f.Name,
		"TFTP_IP=" + f.IP.Text(),
		"TFTP_MAC=" + string(f.MAC),
		"TFTP_HOSTNAME=" + f.Hostname,
		"TFTP_SERVER=" + f.Server.Text(),
	}
}

// clipped keeps the beginning of what is written, and swallows the rest.
type clipped struct {
	w    io.Writer
	left int
}

func (c *clipped) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.w.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}
