// Package telnet is both ends of telnet as network devices have it (RFC 854, 855, 857, 858,
// 1073, 1091). The server offers to echo and to suppress go-ahead, and asks for the size of
// the window; the client agrees to that, and says which terminal it is. Every other option
// is refused. There is no line mode, no urgent data, and no encryption of any kind.
package telnet

import (
	"bytes"
	"net"
	"sync"
)

// The commands and options that are spoken of.
const (
	iac  = 255
	dont = 254
	do   = 253
	wont = 252
	will = 251
	sb   = 250
	se   = 240

	optEcho = 1
	optSGA  = 3
	optType = 24
	optNAWS = 31
)

// opening is what the server says first.
const opening = "\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f"

// Conn is a telnet connection. Make it with [Server] or [Client]. Reading and writing may go
// on at the same time.
type Conn struct {
	net.Conn
	client bool

	mu            sync.Mutex
	width, height int

	state   byte   // of what is being read: 0, iac, a command, sb, or se for IAC within sb
	sub     []byte // of a subnegotiation, as far as it has come
	refused [256]bool
	agreed  [256]bool // of the client: options that it has said yes to
	told    int       // of the client: how often it has told its type
	cr      bool      // the last octet of data was CR
	ready   []byte    // data that was not asked for yet
}

// Server takes a connection, and makes the offers of a server.
func Server(c net.Conn) (*Conn, error) {
	if _, err := c.Write([]byte(opening)); err != nil {
		return nil, err
	}
	return &Conn{Conn: c}, nil
}

// Size returns the size of the window in characters, 0 if the client has not said.
func (c *Conn) Size() (width, height int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.width, c.height
}

// Read returns what the other end says. To the server CR LF and CR NUL are CR; to the client
// CR NUL is CR, and CR LF is left as it is.
func (c *Conn) Read(b []byte) (int, error) {
	raw := make([]byte, 512)
	for len(c.ready) == 0 {
		n, err := c.Conn.Read(raw)
		var reply []byte
		c.ready, reply = c.decode(raw[:n])
		if len(reply) > 0 {
			if _, err := c.Conn.Write(reply); err != nil {
				return 0, err
			}
		}
		if err != nil && len(c.ready) == 0 {
			return 0, err
		}
	}
	n := copy(b, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// Write writes text. What the client writes is keys, among which CR is Enter.
func (c *Conn) Write(b []byte) (int, error) {
	out := b
	if bytes.IndexByte(out, iac) >= 0 {
		out = bytes.ReplaceAll(out, []byte{iac}, []byte{iac, iac})
	}
	if c.client && bytes.IndexByte(out, '\r') >= 0 {
		out = bytes.ReplaceAll(out, []byte{'\r'}, []byte{'\r', 0})
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// decode takes what the other end has sent apart into data and what is to be answered.
func (c *Conn) decode(raw []byte) (data, reply []byte) {
	for _, k := range raw {
		switch c.state {
		case 0:
			switch {
			case k == iac:
				c.state = iac
			case c.cr && (k == 0 || k == '\n' && !c.client):
				c.cr = false
			default:
				c.cr = k == '\r'
				data = append(data, k)
			}
		case iac:
			c.state = 0
			switch k {
			case iac:
				data = append(data, k)
			case do, dont, will, wont, sb:
				c.state, c.sub = k, nil
			}
		case do, dont, will, wont:
			reply = append(reply, c.answer(c.state, k)...)
			c.state = 0
		case sb:
			if k == iac {
				c.state = se
			} else {
				c.add(k)
			}
		case se:
			c.state = sb
			switch k {
			case iac:
				c.add(k)
			case se:
				c.state = 0
				c.learn()
				reply = append(reply, c.terminal()...)
			}
		}
	}
	return data, reply
}

// add keeps an octet of a subnegotiation; no client has that much to say.
func (c *Conn) add(k byte) {
	const most = 64
	if len(c.sub) < most {
		c.sub = append(c.sub, k)
	}
}

// answer refuses what was not offered, each option once: an answer to an answer would go
// on for ever.
func (c *Conn) answer(command, option byte) []byte {
	if c.client {
		return c.agree(command, option)
	}
	agreed := command == do && (option == optEcho || option == optSGA) ||
		command == will && (option == optType || option == optNAWS)
	if agreed || c.refused[option] || command == dont || command == wont {
		return nil
	}
	c.refused[option] = true
	if command == do {
		return []byte{iac, wont, option}
	}
	return []byte{iac, dont, option}
}

// learn takes the size of the window.
func (c *Conn) learn() {
	if c.client || len(c.sub) != 5 || c.sub[0] != optNAWS {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.width, c.height = int(c.sub[1])<<8|int(c.sub[2]), int(c.sub[3])<<8|int(c.sub[4])
}
