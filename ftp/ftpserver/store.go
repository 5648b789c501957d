package ftpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// store receives a file.
type store struct{ options CreateOptions }

// storeUnique receives a file under a name that the server chooses (STOU).
type storeUnique struct{}

func (o store) move(ctx context.Context, j *job) (string, error) {
	upload, err := j.fs.Create(ctx, j.name, o.options)
	if err != nil {
		return "", err
	}
	return j.receive(upload, "Ready for the file")
}

// move makes names until one is free. The reply is as RFC 1123, section 4.1.2.9, wants.
func (o storeUnique) move(ctx context.Context, j *job) (string, error) {
	prefix := j.name
	for range 16 {
		j.name = prefix + "." + rand.Text()[:8]
		upload, err := j.fs.Create(ctx, j.name, CreateOptions{New: true})
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return j.receive(upload, "FILE: "+path.Base(j.name))
	}
	return "", fs.ErrExist
}

// receive copies the data connection to an upload, and commits it if the connection
// ended well. Whatever else happens, the upload is aborted.
func (j *job) receive(upload Upload, text string) (string, error) {
	committed := false
	defer func() {
		if !committed {
			upload.Abort()
		}
	}()
	if err := j.connect(text); err != nil {
		return "", err
	}
	if err := j.receiveFile(upload); err != nil {
		j.explainReset(err)
		return "", err
	}
	committed = true
	if err := upload.Commit(); err != nil {
		return "", err
	}
	return "Stored", nil
}

// receiveFile goes through a buffer of its own on purpose: splice(2), which io.Copy
// would pick, is several times slower. A peer that is fast gets a larger one.
func (j *job) receiveFile(w io.Writer) error {
	if j.level > 0 {
		return j.unpack(w)
	}
	const fast = 100 * time.Millisecond
	small := buffers.Get().(*[bufferRoom]byte)
	defer buffers.Put(small)
	for buf := small[:bufferSize]; ; {
		begun := time.Now()
		n, err := arriving{j}.fill(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return j.checkEnd()
		case err != nil:
			return err
		}
		if len(buf) == bufferSize && time.Since(begun) < fast && j.srv.bulk.enter() {
			defer j.srv.bulk.leave()
			large := j.srv.bulk.buffer()
			defer j.srv.bulk.buffers.Put(large)
			buf = large[:]
			if err := j.wait(); err != nil {
				return err
			}
		}
	}
}

// arriving reads from the data connection.
type arriving struct{ *job }

// fill reads until b is full: to write costs the same for a little, such as a record of
// TLS, and whole pages cost less than parts of them.
func (a arriving) fill(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = a.Read(b[n:])
		n += m
	}
	return n, err
}

func (a arriving) Read(b []byte) (int, error) {
	a.await()
	n, err := a.conn.Read(b)
	a.bytes.Add(int64(n))
	switch {
	case a.ctx.Err() != nil:
		return n, a.ctx.Err()
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("%w: %w", errDataLost, err)
	}
	return n, err
}
