package ftpclient

import (
	"errors"
	"io"
	"net"
	"os"
)

// Sizes in octets.
const (
	bufferSize = 256 << 10 // of what passes through this process
	chunkSize  = 8 << 20   // of what the kernel sends on its own, between two waits
)

// receive copies a data connection to its end. A buffer of our own is several times
// faster than splice(2), which io.Copy would choose for a file.
func (c *Client) receive(w io.Writer, conn *dataConn) (n int64, err error) {
	buffer := c.transferBuffer()
	for {
		got, err := conn.Read(buffer)
		if got > 0 {
			wrote, err := w.Write(buffer[:got])
			n += int64(wrote)
			c.moved(n)
			if err != nil {
				return n, &localError{ErrWrite, err}
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// transmit copies r to its end into a data connection.
func (c *Client) transmit(conn *dataConn, r io.Reader) (n int64, err error) {
	if file, ok := r.(*os.File); ok {
		if tcp, ok := conn.plain(); ok {
			return c.sendFile(tcp, file)
		}
	}
	buffer := c.transferBuffer()
	for {
		got, readErr := r.Read(buffer)
		wrote, err := conn.Write(buffer[:got])
		n += int64(wrote)
		c.moved(n)
		if err != nil {
			return n, err
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, &localError{ErrRead, readErr}
		}
	}
}

// sendFile lets the kernel copy, chunk by chunk, each of which is a wait of its own. A
// wait that ran out while octets moved is no time-out.
func (c *Client) sendFile(tcp *net.TCPConn, file *os.File) (n int64, err error) {
	chunk := int64(chunkSize)
	if c.dialer.KeepAlive > 0 {
		chunk = bufferSize
	}
	for {
		c.waits.arm(tcp)
		sent, err := tcp.ReadFrom(&io.LimitedReader{R: file, N: chunk})
		n += sent
		c.moved(n)
		var pathErr *os.PathError
		switch {
		case errors.As(err, &pathErr):
			return n, &localError{ErrRead, err}
		case errors.Is(err, os.ErrDeadlineExceeded) && sent > 0:
		case err != nil || sent == 0:
			return n, err
		}
	}
}

// transferBuffer is made once a client.
func (c *Client) transferBuffer() []byte {
	if c.buffer == nil {
		c.buffer = make([]byte, bufferSize)
	}
	return c.buffer
}
