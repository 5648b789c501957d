package tftp

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"
)

// TestBlockNumbers is V1, V2, W9 and C7, with a peer that has no code in common with the
// transfer machines: block numbers go on after 65535, both ways, over sockets. What a
// server does with a port for each transfer, it does with one for all.
func TestBlockNumbers(t *testing.T) {
	file := content(8*65_550 + 4)
	m := &memory{files: map[string][]byte{"roll": file}}
	own, one := serve(t, &Server{Handler: m}), serve(t, &Server{Handler: m, SinglePort: true})
	request := func(t *testing.T, u URL, ask Packet, granted string) *simple {
		conn := raw(t)
		p, tid := begin(t, conn, u, ask)
		if fmt.Sprint(p) != granted {
			t.Fatalf("%v; want %s", p, granted)
		}
		return &simple{t: t, conn: conn, to: tid}
	}
	lockStep := Options{BlockSize: 8}
	t.Run("V1", func(t *testing.T) {
		p := request(t, own, RRQ{Name: "roll", Options: lockStep}, "OACK blksize=8")
		if got := p.readAll(1); !bytes.Equal(got, file) {
			t.Errorf("%d octets, want %d", len(got), len(file))
		}
	})
	for _, u := range []URL{own, one} {
		t.Run("W9", func(t *testing.T) {
			p := request(t, u, RRQ{Name: "roll", Options: Options{BlockSize: 8, WindowSize: 4}}, "OACK blksize=8 windowsize=4")
			if got := p.readAll(4); !bytes.Equal(got, file) {
				t.Errorf("%d octets, want %d", len(got), len(file))
			}
		})
	}
	for _, c := range []struct {
		name string
		url  URL
		next uint16
	}{{"V2 to 0", one, 0}, {"V2 to 1", own, 1}} {
		t.Run(c.name, func(t *testing.T) {
			request(t, c.url, WRQ{Name: c.name, Options: lockStep}, "OACK blksize=8").sendAll(file, c.next)
			if got, _ := m.get(c.name); !bytes.Equal(got, file) {
				t.Errorf("%d octets stored, want %d", len(got), len(file))
			}
		})
	}
	t.Run("C7", func(t *testing.T) {
		p := &simple{t: t, conn: raw(t)}
		var got bytes.Buffer
		ended := make(chan error)
		go func() {
			client := &Client{BlockSize: 8, WindowSize: 1}
			defer client.Close()
			_, err := client.Get(t.Context(), URL{Host: "127.0.0.1", Port: p.conn.LocalAddr().(*net.UDPAddr).Port, Name: "f"}, &got)
			ended <- err
		}()
		_, p.to = await1(t, p.conn)
		if _, err := p.conn.WriteToUDPAddrPort(OACK{lockStep}.Append(nil), p.to); err != nil {
			t.Fatal(err)
		}
		p.await(opACK, 0)
		p.sendAll(file, 1)
		if err := <-ended; err != nil || !bytes.Equal(got.Bytes(), file) {
			t.Errorf("%d octets, want %d: %v", got.Len(), len(file), err)
		}
	})
}

// simple is a peer that handles one packet at a time, without memory of what was before.
type simple struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
	in   [64]byte
	out  [headerSize + 8]byte
}

func (p *simple) send(op opcode, block uint16, payload []byte) {
	if _, err := p.conn.WriteToUDPAddrPort(append(appendHeader(p.out[:0], op, block), payload...), p.to); err != nil {
		p.t.Fatal(err)
	}
}

// await passes over what is not the block with this number, or its ACK: timers of a busy
// machine send such things again.
func (p *simple) await(op opcode, block uint16) (payload []byte) {
	for {
		n, _, err := p.conn.ReadFromUDPAddrPort(p.in[:])
		if err != nil {
			p.t.Fatal(err)
		}
		switch got, body, ok := split(p.in[:n]); {
		case !ok || got != op:
			p.t.Fatalf("%s instead of block %d", describe(p.in[:n]), block)
		case be16(body) == block:
			return body[2:]
		}
	}
}

// readAll reads a file and acknowledges every window.
func (p *simple) readAll(window int) (got []byte) {
	p.send(opACK, 0, nil)
	for block := 1; ; block++ {
		payload := p.await(opDATA, uint16(block))
		got = append(got, payload...)
		last := len(payload) < 8
		if last || block%window == 0 {
			p.send(opACK, uint16(block), nil)
		}
		if last {
			return got
		}
	}
}

// sendAll sends a file in lock-step, with the number next after 65535.
func (p *simple) sendAll(file []byte, next uint16) {
	number := uint16(0)
	for offset := 0; offset <= len(file); offset += 8 {
		if number++; number == 0 {
			number = next
		}
		p.send(opDATA, number, file[offset:min(offset+8, len(file))])
		p.await(opACK, number)
	}
}
