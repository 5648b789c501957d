package ftpserver

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", MaxLine-2)
	tests := []struct{ name, in, want string }{
		{"lines", "A\r\nB\nC", `"A\r\n" "B\n" EOF`},
		{"longest", long + "\r\nB\r\n", quoted([]byte(long+"\r\n")) + ` "B\r\n" EOF`},
		{"too long", long + "xxx\r\nB\r\n", `long "B\r\n" EOF`},
		{"a million", strings.Repeat("y", 1<<20) + "\nB\n", `long "B\n" EOF`},
		{"no end", long + "xxx", `long EOF`},
		{"telnet", "\xff\xf4\xff\xf2ABOR\r\n", `"ABOR\r\n" EOF`},
		{"option", "\xff\xfd\x01A\r\n", `answer "\xff\xfc\x01" "A\r\n" EOF`},
		{"TLS", "\x16\x03\x01\x02\x00", `TLS`},
	}
	for _, tt := range tests {
		for way, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "octets": iotest.OneByteReader, "data with error": iotest.DataErrReader,
		} {
			t.Run(tt.name+", "+way, func(t *testing.T) {
				r := &lineReader{src: wrap(strings.NewReader(tt.in))}
				if got := drainLines(r); got != tt.want {
					t.Errorf("got %.200s, want %.200s", got, tt.want)
				}
			})
		}
	}
}

// drainLines calls next until it fails, and tells what came.
func drainLines(r *lineReader) string {
	var out []string
	for {
		line, answer, err := r.next()
		switch {
		case errors.Is(err, errLongLine):
			out = append(out, "long")
		case errors.Is(err, errTLSHello):
			return strings.Join(append(out, "TLS"), " ")
		case err != nil:
			return strings.Join(append(out, err.Error()), " ")
		case len(answer) > 0:
			out = append(out, "answer "+quoted(answer))
		default:
			out = append(out, quoted(line))
		}
	}
}

// An idle connection has a small buffer, and no line makes a large one.
func TestLineBufferIsBounded(t *testing.T) {
	r := &lineReader{src: strings.NewReader(strings.Repeat("y", 1<<20))}
	drainLines(r)
	if len(r.buf) > MaxLine {
		t.Errorf("the buffer has %d octets", len(r.buf))
	}
	r = &lineReader{src: strings.NewReader("USER alice\r\n")}
	drainLines(r)
	if len(r.buf) > lineBuffer {
		t.Errorf("the buffer has %d octets for a short line", len(r.buf))
	}
}

func quoted(b []byte) string { return strconv.Quote(string(b)) }
