package telnet

import "net"

// The terminal that a client is.
const (
	terminalType = "vt100"
	subIs        = 0
	subSend      = 1
)

// Client takes a connection to a server. It waits for what the server offers. The size of
// its window is in characters, below 255.
func Client(c net.Conn, width, height int) *Conn {
	return &Conn{Conn: c, client: true, width: width, height: height}
}

// agree is what a client answers: it lets the server echo and suppress go-ahead, and tells
// its type and window. Each option is answered once: an answer to an answer would go on
// for ever.
func (c *Conn) agree(command, option byte) []byte {
	if command == dont || command == wont || c.refused[option] || c.agreed[option] {
		return nil
	}
	switch {
	case command == will && (option == optEcho || option == optSGA):
		c.agreed[option] = true
		return []byte{iac, do, option}
	case command == do && (option == optType || option == optSGA):
		c.agreed[option] = true
		return []byte{iac, will, option}
	case command == do && option == optNAWS:
		c.agreed[option] = true
		w, h := c.Size()
		return []byte{iac, will, option, iac, sb, optNAWS, byte(w >> 8), byte(w), byte(h >> 8), byte(h), iac, se}
	}
	c.refused[option] = true
	if command == do {
		return []byte{iac, wont, option}
	}
	return []byte{iac, dont, option}
}

// terminal answers a server that asks what the terminal is, at most as often as makes sense.
func (c *Conn) terminal() []byte {
	if !c.client || len(c.sub) != 2 || c.sub[0] != optType || c.sub[1] != subSend || c.told >= 8 {
		return nil
	}
	c.told++
	return append(append([]byte{iac, sb, optType, subIs}, terminalType...), iac, se)
}
