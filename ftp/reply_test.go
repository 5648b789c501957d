package ftp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReplyAppend(t *testing.T) {
	tests := []struct {
		reply Reply
		want  string
	}{
		{Reply{CodeOK, []string{"Fine"}}, "200 Fine\r\n"},
		{Reply{CodeOK, nil}, "200 \r\n"},
		{Reply{CodeStatus, []string{"Features", " UTF8", "End"}}, "211-Features\r\n UTF8\r\n211 End\r\n"},
		{Reply{CodeStatus, []string{"Status", "211 End", "9", "End"}}, "211-Status\r\n 211 End\r\n 9\r\n211 End\r\n"},
		{Reply{CodeDirectory, []string{"\"a\r\n220 b\x1b[0m\""}}, "257 \"a??220 b?[0m\"\r\n"},
	}
	for _, tt := range tests {
		if got := string(tt.reply.Append(nil)); got != tt.want {
			t.Errorf("%+v.Append = %q, want %q", tt.reply, got, tt.want)
		}
	}
}

func TestReadReply(t *testing.T) {
	tests := []struct {
		wire string
		want Reply
		err  error
	}{
		{"220 Ready\r\n", Reply{220, []string{"Ready"}}, nil},
		{"220 bare LF\n", Reply{220, []string{"bare LF"}}, nil},
		{"200\r\n", Reply{200, []string{""}}, nil},
		{"211-A\r\n B\r\n211 C\r\n", Reply{211, []string{"A", " B", "C"}}, nil},
		{"211-A\r\n211-B\r\n211 C\r\n", Reply{211, []string{"A", "B", "C"}}, nil},
		{"211-A\r\n200 B\r\n211 C\r\n", Reply{211, []string{"A", "200 B", "C"}}, nil},
		{"211-A\r\n211\r\n", Reply{211, []string{"A", ""}}, nil},
		{"", Reply{}, io.EOF},
		{"220 cut", Reply{}, io.ErrUnexpectedEOF},
		{"211-A\r\n", Reply{}, io.ErrUnexpectedEOF},
		{"220_x\r\n", Reply{}, ErrReply},
		{"99 x\r\n", Reply{}, ErrReply},
		{"700 x\r\n", Reply{}, ErrReply},
		{"HTTP/1.1 400 Bad Request\r\n", Reply{}, ErrReply},
		{"220 " + strings.Repeat("x", MaxReplyLine) + "\r\n", Reply{}, ErrReply},
		{"211-A\r\n" + strings.Repeat(" line\r\n", MaxReply/6), Reply{}, ErrReply},
	}
	for _, tt := range tests {
		got, err := ReadReply(bufio.NewReaderSize(strings.NewReader(tt.wire), 64))
		if !reflect.DeepEqual(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("ReadReply(%.40q) = %+v, %v; want %+v, %v", tt.wire, got, err, tt.want, tt.err)
		}
	}
}

func TestReadReplyLeavesTheNext(t *testing.T) {
	r := bufio.NewReader(iotest.OneByteReader(strings.NewReader("150 Here it comes\r\n226 Done\r\n")))
	for _, want := range []string{"150 Here it comes", "226 Done"} {
		if got, err := ReadReply(r); err != nil || got.String() != want {
			t.Errorf("ReadReply = %q, %v; want %q", got, err, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Command: "RETR", Reply: Reply{CodeNotFound, []string{"No such file"}}}
	if got := e.Error(); got != "ftp: RETR: 550 No such file" {
		t.Error(got)
	}
	if got := (&Error{Reply: Reply{421, []string{"Full"}}}).Error(); got != "ftp: 421 Full" {
		t.Error(got)
	}
}

// FuzzReply holds that what was read prints to something that reads the same from then on.
func FuzzReply(f *testing.F) {
	f.Add([]byte("211-A\r\n UTF8\r\n211 End\r\n"))
	f.Add([]byte("220 x\n"))
	f.Add([]byte("150-\r\n150-9\r\n151 x\r\n150\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		first, err := ReadReply(bufio.NewReader(bytes.NewReader(wire)))
		if err != nil || len(wire) > MaxReplyLine/2 {
			return
		}
		printed := first.Append(nil)
		second, err := ReadReply(bufio.NewReader(bytes.NewReader(printed)))
		if err != nil || second.Code != first.Code || len(second.Lines) != len(first.Lines) {
			t.Fatalf("%q came back as %q, %v", first, second, err)
		}
		if again := second.Append(nil); !bytes.Equal(again, printed) {
			t.Fatalf("%q then prints as %q", printed, again)
		}
	})
}
