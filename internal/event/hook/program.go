package hook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"

	"dray/internal/event"
)

// Program is a program that is told: the event is JSON on its standard input, and each field
// a variable, such as DRAY_USER. There is no shell, and nothing else of our environment
// but a PATH. When its time is up, it and all that it started are killed.
type Program struct {
	Args []string // the program, and its arguments
}

const maxComplaint = 512 // octets of its standard error in the log

func (p *Program) run(ctx context.Context, m *message) error {
	cmd := exec.CommandContext(ctx, p.Args[0], p.Args[1:]...)
	cmd.Env = environment(m)
	cmd.Stdin = bytes.NewReader(m.body)
	var complaint bytes.Buffer
	cmd.Stderr = &clipped{w: &complaint, left: maxComplaint}
	cmd.WaitDelay = time.Second // for what it left running with our pipes
	alone(cmd)
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return &programError{ended, strings.TrimSpace(complaint.String())}
	}
	return err
}

// programError is a program that was told, and failed.
type programError struct {
	*exec.ExitError
	said string // on its standard error
}

func environment(m *message) []string {
	env := []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	for _, f := range m.fields {
		value := f[1]
		if strings.Contains(value, "\x00") { // which no variable can hold
			value = event.Escape(value)
		}
		env = append(env, "DRAY_"+strings.ToUpper(f[0])+"="+value)
	}
	return env
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
