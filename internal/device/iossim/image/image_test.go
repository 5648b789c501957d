package image

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func octets(t *testing.T, h Header) []byte {
	t.Helper()
	i, err := New(h)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(i, 0, i.Size()))
	if err != nil || int64(len(b)) != h.Size {
		t.Fatalf("read %d octets, %v; want %d", len(b), err, h.Size)
	}
	return b
}

func TestAnImageSaysWhatItIs(t *testing.T) {
	for _, size := range []int64{100, 1000, 70000, 1 << 20} {
		h := Header{"2911", "15.7(3)M9", size}
		b := octets(t, h)
		if got, err := Check(bytes.NewReader(b)); err != nil || got != h {
			t.Errorf("%d octets: %+v, %v", size, got, err)
		}
		if got, err := Peek(bytes.NewReader(b[:90])); err != nil || got != h {
			t.Errorf("the start of %d octets: %+v, %v", size, got, err)
		}
	}
}

func TestPiecesAreThoseOfTheWhole(t *testing.T) {
	h := Header{"9300", "17.09.04a", 5000}
	whole := octets(t, h)
	i, _ := New(h)
	for _, size := range []int64{1, 7, 8, 13, 4096} {
		var b []byte
		piece := make([]byte, size)
		for at := int64(0); at < h.Size; {
			n, err := i.ReadAt(piece, at)
			if n == 0 || err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(n, err)
			}
			b, at = append(b, piece[:n]...), at+int64(n)
		}
		if !bytes.Equal(b, whole) {
			t.Errorf("pieces of %d octets make another file", size)
		}
	}
}

func TestDamageShows(t *testing.T) {
	h := Header{"4331", "17.06.03a", 3000}
	good := octets(t, h)
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		want   error
	}{
		"one bit of the body":     {func(b []byte) []byte { b[2000] ^= 1; return b }, ErrDamaged},
		"one bit of the checksum": {func(b []byte) []byte { b[2999] ^= 1; return b }, ErrDamaged},
		"cut off":                 {func(b []byte) []byte { return b[:2999] }, ErrDamaged},
		"cut off in the middle":   {func(b []byte) []byte { return b[:1000] }, ErrDamaged},
		"something after it":      {func(b []byte) []byte { return append(b, 0) }, ErrDamaged},
		"another version":         {func(b []byte) []byte { return bytes.Replace(b, []byte("17.06"), []byte("17.07"), 1) }, ErrDamaged},
		"two blocks swapped": {func(b []byte) []byte {
			return append(append(append([]byte{}, b[:1000]...), append(append([]byte{}, b[1512:2024]...), b[1000:1512]...)...), b[2024:]...)
		}, ErrDamaged},
		"another file":  {func([]byte) []byte { return []byte("hostname R1\nend\n") }, ErrForeign},
		"nothing":       {func([]byte) []byte { return nil }, ErrForeign},
		"half a header": {func(b []byte) []byte { return b[:30] }, ErrForeign},
	} {
		if _, err := Check(bytes.NewReader(c.damage(bytes.Clone(good)))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
	}
}

func TestHeadersThatMakeNoImage(t *testing.T) {
	for _, h := range []Header{
		{"", "1", 1000}, {"2911", "", 1000}, {"29 11", "1", 1000}, {"2911", "1\nsize 3", 1000}, {"2911", "1", 20}, {"2911", "1", -1},
	} {
		if _, err := New(h); err == nil {
			t.Errorf("%+v made an image", h)
		}
	}
}

func FuzzCheck(f *testing.F) {
	i, _ := New(Header{"2911", "15.7(3)M9", 200})
	b, _ := io.ReadAll(io.NewSectionReader(i, 0, 200))
	f.Add(b)
	f.Add([]byte(magic + "\nplatform a\nversion b\nsize 99999999999\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Check(bytes.NewReader(b))
		if err == nil && int64(len(b)) != h.Size {
			t.Errorf("%d octets pass for %+v", len(b), h)
		}
	})
}
