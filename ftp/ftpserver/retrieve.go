package ftpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"
)

// retrieve sends a file, or a part of it.
type retrieve struct{ part span }

func (o retrieve) move(ctx context.Context, j *job) (string, error) {
	if o.part.length > 0 {
		if err := o.part.within(ctx, j.fs, j.name); err != nil {
			return "", err
		}
	}
	file, err := j.fs.Open(ctx, j.name, o.part.offset)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := j.connect("Sending the file" + remaining(file, o.part)); err != nil {
		return "", err
	}
	if err := j.sendFile(file, o.part.limit()); err != nil {
		return "", err
	}
	if err := j.flush(); err != nil {
		return "", err
	}
	return "Sent", nil
}

// remaining tells what is to come if the file knows its size; clients look for it.
func remaining(file io.Reader, part span) string {
	f, ok := file.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return ""
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return fmt.Sprintf(" (%d bytes)", min(max(info.Size()-part.offset, 0), part.limit()))
}

// sendFile copies at most limit octets of a file to the data connection, through
// sendfile(2) if it is one of the system.
func (j *job) sendFile(file io.Reader, limit int64) error {
	if f, ok := file.(sysFile); ok && j.tls == nil && j.level == 0 {
		return j.sendPieces(f, limit)
	}
	file = io.LimitReader(file, limit)
	buf := buffers.Get().(*[bufferRoom]byte)
	defer buffers.Put(buf)
	for {
		n, err := file.Read(buf[:bufferSize])
		if err := j.send(buf[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sysFile is a file of the system.
type sysFile interface {
	io.Reader
	syscall.Conn
}

// sendPieces copies a file of the system, piece by piece so that each has a deadline of
// its own. Pieces grow while the peer is fast: of a slow one no more is asked than a
// small piece in time. One that stays fast gets the rest directly.
func (j *job) sendPieces(file sysFile, limit int64) error {
	const least, direct, most, fast = 64 << 10, 1 << 20, 16 << 20, 100 * time.Millisecond
	for piece := int64(least); limit > 0; {
		if piece >= direct {
			if taken, err := j.sendDirect(file, limit); taken {
				return err
			}
		}
		begun := j.await()
		piece = min(piece, limit)
		n, err := io.Copy(j.conn, io.LimitReader(file, piece))
		j.bytes.Add(n)
		limit -= n
		if err != nil {
			return sendError(err)
		}
		if n < piece {
			return nil
		}
		if time.Since(begun) < fast {
			piece = min(2*piece, most)
		}
	}
	return nil
}

// sendError tells an error of the file from one of the connection.
func sendError(err error) error {
	if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ESTALE) {
		return err
	}
	return fmt.Errorf("%w: %w", errDataLost, err)
}

// send sends b in the mode of the transfer.
func (j *job) send(b []byte) error {
	switch {
	case len(b) == 0:
		return nil
	case j.level > 0:
		return j.pack(b)
	}
	return j.sendRaw(b)
}

// sendRaw writes b to the data connection.
func (j *job) sendRaw(b []byte) error {
	j.await()
	n, err := j.conn.Write(b)
	j.bytes.Add(int64(n))
	if err == nil && j.gather != nil {
		err = j.gather.flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errDataLost, err)
	}
	return nil
}
