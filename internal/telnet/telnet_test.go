package telnet

import (
	"bytes"
	"io"
	"net"
	"testing"
)

func TestWhatAClientSays(t *testing.T) {
	for name, c := range map[string]struct{ raw, data, reply string }{
		"text":                         {"show version\r\x00", "show version\r", ""},
		"lines of CR LF":               {"a\r\nb\r\n", "a\rb\r", ""},
		"lines of CR":                  {"a\rb\r", "a\rb\r", ""},
		"lines of LF":                  {"a\nb\n", "a\nb\n", ""},
		"an octet 255":                 {"a\xff\xffb", "a\xffb", ""},
		"it agrees":                    {"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1fx", "x", ""},
		"it asks for what there isn't": {"\xff\xfd\x22\xff\xfb\x27", "", "\xff\xfc\x22\xff\xfe\x27"},
		"it asks twice":                {"\xff\xfd\x22\xff\xfd\x22", "", "\xff\xfc\x22"},
		"it declines":                  {"\xff\xfe\x01\xff\xfc\x18", "", ""},
		"commands":                     {"a\xff\xf3\xff\xf6b", "ab", ""},
		"a subnegotiation":             {"a\xff\xfa\x18\x00xterm\xff\xf0b", "ab", ""},
		"a window with 255":            {"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0", "", ""},
	} {
		for _, size := range []int{1, 1000} {
			var conn Conn
			var data, reply []byte
			for raw := []byte(c.raw); len(raw) > 0; {
				n := min(size, len(raw))
				d, r := conn.decode(raw[:n])
				data, reply, raw = append(data, d...), append(reply, r...), raw[n:]
			}
			if string(data) != c.data || string(reply) != c.reply {
				t.Errorf("%s: %q, answered with %q; want %q, %q", name, data, reply, c.data, c.reply)
			}
			if w, h := conn.Size(); name == "a window with 255" && (w != 255 || h != 24) {
				t.Errorf("the window is %d × %d", w, h)
			}
		}
	}
}

func TestWhatAServerSays(t *testing.T) {
	for name, c := range map[string]struct{ raw, data, reply string }{
		"text":                         {"R1#\r\nx\r\x00y", "R1#\r\nx\ry", ""},
		"its opening":                  {opening + "Username: ", "Username: ", "\xff\xfd\x01\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x02\x00\x00\x18\xff\xf0"},
		"its opening, twice":           {opening + opening, "", "\xff\xfd\x01\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x02\x00\x00\x18\xff\xf0"},
		"it asks for the type":         {"\xff\xfa\x18\x01\xff\xf0", "", "\xff\xfa\x18\x00vt100\xff\xf0"},
		"it asks for what there isn't": {"\xff\xfd\x22\xff\xfb\x27\xff\xfd\x22", "", "\xff\xfc\x22\xff\xfe\x27"},
	} {
		for _, size := range []int{1, 1000} {
			conn := Client(nil, 512, 24)
			var data, reply []byte
			for raw := []byte(c.raw); len(raw) > 0; {
				n := min(size, len(raw))
				d, r := conn.decode(raw[:n])
				data, reply, raw = append(data, d...), append(reply, r...), raw[n:]
			}
			if string(data) != c.data || string(reply) != c.reply {
				t.Errorf("%s: %q, answered with %q; want %q, %q", name, data, reply, c.data, c.reply)
			}
		}
	}
}

// TestBothEnds: what is typed at one end arrives at the other, and the size of the window.
func TestBothEnds(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan error, 1)
	go func() {
		client := Client(near, 512, 24)
		_, err := client.Read(make([]byte, 1)) // it answers what comes before
		if err == nil {
			_, err = client.Write([]byte("a\xff\rb"))
		}
		done <- err
	}()
	server, err := Server(far)
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() {
		_, err := server.Write([]byte("!"))
		said <- err
	}()
	var got []byte
	for b := make([]byte, 16); len(got) < 4; {
		n, err := server.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b[:n]...)
	}
	if w, h := server.Size(); string(got) != "a\xff\rb" || w != 512 || h != 24 || <-done != nil || <-said != nil {
		t.Errorf("%q from a window of %d × %d", got, w, h)
	}
}

func TestTheServerBegins(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	done := make(chan error, 1)
	go func() {
		c, err := Server(server)
		if err == nil {
			_, err = c.Write([]byte("Username: \xff"))
		}
		done <- err
		server.Close()
	}()
	got, err := io.ReadAll(client)
	if want := opening + "Username: \xff\xff"; err != nil || string(got) != want || <-done != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// FuzzDecode: pieces come to the same as the whole, and a client is not drowned in answers.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a\r\x00\xff\xfd\x22\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		cut = max(0, min(cut, len(raw)))
		for _, client := range []bool{false, true} {
			whole, pieces := Conn{client: client}, Conn{client: client}
			data, reply := whole.decode(raw)
			d1, r1 := pieces.decode(raw[:cut])
			d2, r2 := pieces.decode(raw[cut:])
			if !bytes.Equal(data, append(d1, d2...)) || !bytes.Equal(reply, append(r1, r2...)) {
				t.Errorf("%q cut at %d is something else", raw, cut)
			}
			if len(reply) > 4*256 || len(data) > len(raw) {
				t.Errorf("%q: %d octets, answered with %d", raw, len(data), len(reply))
			}
		}
	})
}
