package ftpserver

import "net"

// gather collects what TLS writes record by record, so that many records go out with one
// call of the system. Without a buffer it hands everything on at once, as a handshake
// needs it.
type gather struct {
	net.Conn
	buf []byte
}

func (g *gather) Write(b []byte) (int, error) {
	if len(b) <= cap(g.buf)-len(g.buf) {
		g.buf = append(g.buf, b...)
		return len(b), nil
	}
	if err := g.flush(); err != nil {
		return 0, err
	}
	return g.Conn.Write(b)
}

func (g *gather) flush() error {
	if len(g.buf) == 0 {
		return nil
	}
	_, err := g.Conn.Write(g.buf)
	g.buf = g.buf[:0]
	return err
}
