package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Client asks the server that has a state folder.
type Client struct {
	dir  string
	http http.Client
}

// NewClient is for the server of a state folder. End it with Close.
func NewClient(dir string) *Client {
	c := &Client{dir: dir}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket(dir))
		},
		ResponseHeaderTimeout: time.Minute,
	}
	return c
}

// Close ends the connection that is kept.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends a request with in as JSON, unless that is nil, and reads the answer into out,
// unless that is nil. The error is ErrNoServer, an *Error as the server has told it, or
// one of the connection.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://dray"+path, body)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return c.explain(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("the server's answer makes no sense: %w", err)
	}
	return nil
}

// explain says why there is nobody to ask.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %s", ErrNoServer, c.dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the server of the state folder %s belongs to another user: %w", c.dir, fs.ErrPermission)
	}
	return err
}

func refusal(answer *http.Response) error {
	var f failure
	if err := json.NewDecoder(answer.Body).Decode(&f); err != nil || f.Error == "" {
		f.Error = "the server said " + answer.Status
	}
	return &Error{Status: answer.StatusCode, Text: f.Error}
}
