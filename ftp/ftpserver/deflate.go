package ftpserver

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dray/ftp"
)

// Mode Z packs what goes over a data connection as a zlib stream (RFC 1950;
// draft-preston-ftpext-deflate). It is served where [Server.Deflate] is set.

// deflateLevel is how hard mode Z packs where OPTS has said nothing.
const deflateLevel = 6

var (
	errInflate = errors.New("ftpserver: unpacks to too much")
	errDeflate = errors.New("ftpserver: not a zlib stream")
)

// The operations of MODE Z and of OPTS MODE Z.
type (
	deflateOn      struct{}
	deflateOptions struct{ level int }
)

func (deflateOn) do(c *Conn) ftp.Reply {
	if !c.srv.Deflate {
		return reply(ftp.CodeBadParameter, "Mode Z is switched off")
	}
	c.state.deflate = true
	return reply(ftp.CodeOK, "Mode is Z")
}

func (o deflateOptions) do(c *Conn) ftp.Reply {
	if !c.srv.Deflate {
		return reply(ftp.CodeBadArgument, "No such option")
	}
	c.state.level = o.level
	return reply(ftp.CodeOK, "MODE Z LEVEL "+strconv.Itoa(o.level))
}

// optsMode reads the options of mode Z: "Z LEVEL 1" to 9, "Z ENGINE ZLIB", or both.
func optsMode(s *session, value string) (op, ftp.Reply) {
	words := strings.Fields(strings.ToUpper(value))
	refused := reply(ftp.CodeBadArgument, "The options are MODE Z LEVEL 1 to 9 and MODE Z ENGINE ZLIB")
	if len(words)%2 == 0 || words[0] != "Z" {
		return nil, refused
	}
	level := s.level
	for i := 1; i < len(words); i += 2 {
		n, err := strconv.Atoi(words[i+1])
		switch {
		case words[i] == "LEVEL" && err == nil && n >= 1 && n <= 9:
			level = n
		case words[i] == "ENGINE" && words[i+1] == "ZLIB":
		default:
			return nil, refused
		}
	}
	return deflateOptions{level}, ftp.Reply{}
}

// packed sends what mode Z has packed.
type packed struct{ *job }

func (p packed) Write(b []byte) (int, error) {
	if err := p.sendRaw(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// pack sends b in mode Z.
func (j *job) pack(b []byte) error {
	if j.packer == nil {
		packer, err := zlib.NewWriterLevel(packed{j}, j.level)
		if err != nil {
			return err
		}
		j.packer = packer
	}
	_, err := j.packer.Write(b)
	return err
}

// flush sends what is held back, and the end of the stream, in mode Z.
func (j *job) flush() error {
	if j.level == 0 {
		return nil
	}
	if err := j.pack(nil); err != nil {
		return err
	}
	return j.packer.Close()
}

// unpack receives in mode Z. A stream that has no end was cut off.
func (j *job) unpack(w io.Writer) error {
	arriving := bufio.NewReader(arriving{j})
	z, err := zlib.NewReader(arriving)
	if err != nil {
		return unpackError(err)
	}
	defer z.Close()
	buf := buffers.Get().(*[bufferRoom]byte)
	defer buffers.Put(buf)
	for left := orDefault(j.srv.MaxInflate, 1<<30); ; {
		n, err := z.Read(buf[:])
		if left -= int64(n); left < 0 && j.srv.MaxInflate >= 0 {
			return errInflate
		}
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			if _, err := arriving.ReadByte(); err != io.EOF {
				return fmt.Errorf("%w: something follows it", errDeflate)
			}
			return j.checkEnd()
		case err != nil:
			return unpackError(err)
		}
	}
}

// unpackError tells a stream that breaks off from one that is broken.
func unpackError(err error) error {
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", errDataLost, io.ErrUnexpectedEOF)
	case errors.Is(err, errDataLost):
		return err
	}
	return fmt.Errorf("%w: %w", errDeflate, err)
}
