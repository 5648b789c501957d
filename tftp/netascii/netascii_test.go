package netascii

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestEncode(t *testing.T) {
	for _, c := range []struct{ local, wire string }{
		{"", ""},
		{"plain", "plain"},
		{"a\nb", "a\r\nb"},
		{"a\rb", "a\r\x00b"},
		{"\r\n", "\r\x00\r\n"},
		{"\n\n\r", "\r\n\r\n\r\x00"},
		{strings.Repeat("\n", 3000), strings.Repeat("\r\n", 3000)},
	} {
		for _, wrap := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
		} {
			got, err := io.ReadAll(iotest.OneByteReader(NewEncoder(wrap(strings.NewReader(c.local)))))
			if err != nil || string(got) != c.wire {
				t.Errorf("encode %q = %q, %v; want %q", c.local, got, err, c.wire)
			}
		}
	}
}

func TestEncodeKeepsReadError(t *testing.T) {
	broken := errors.New("broken")
	got, err := io.ReadAll(NewEncoder(io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(broken))))
	if string(got) != "a\r\n" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ wire, local string }{
		{"", ""},
		{"plain", "plain"},
		{"a\r\nb", "a\nb"},
		{"a\r\x00b", "a\rb"},
		{"a\rb", "a\rb"},
		{"\r\r\n", "\r\n"},
		{"end\r", "end\r"},
		{"\n\x00", "\n\x00"},
	} {
		for size := 1; size <= 4; size++ {
			if got := decode(t, c.wire, size); got != c.local {
				t.Errorf("decode %q by %d = %q, want %q", c.wire, size, got, c.local)
			}
		}
	}
}

// decode writes s in pieces of size octets, as blocks would arrive.
func decode(t *testing.T, s string, size int) string {
	t.Helper()
	var out bytes.Buffer
	d := NewDecoder(&out)
	for b := []byte(s); len(b) > 0; {
		n := min(size, len(b))
		if m, err := d.Write(b[:n]); m != n || err != nil {
			t.Fatalf("Write = %d, %v", m, err)
		}
		b = b[n:]
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDecodeReportsWriteError(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(io.ErrShortWrite)
	d := NewDecoder(w)
	if _, err := d.Write([]byte("x")); err != io.ErrShortWrite {
		t.Errorf("Write: %v", err)
	}
	if _, err := d.Write([]byte("\r")); err != nil {
		t.Errorf("a held CR needs no write: %v", err)
	}
	if err := d.Close(); err != io.ErrShortWrite {
		t.Errorf("Close: %v", err)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("a\r\n\r\x00\n\r"), 3)
	f.Fuzz(func(t *testing.T, local []byte, size int) {
		wire, err := io.ReadAll(NewEncoder(bytes.NewReader(local)))
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(t, string(wire), max(1, size)); got != string(local) {
			t.Errorf("%q became %q", local, got)
		}
	})
}
