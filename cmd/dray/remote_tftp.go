package main

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"dray/tftp"
)

// tftpRemote is a name on a TFTP server.
type tftpRemote struct {
	url    tftp.URL
	client tftp.Client
}

func parseTFTP(raw string) (remote, error) {
	url, err := tftp.ParseURL(raw)
	if err != nil {
		return nil, &urlError{3, err}
	}
	return &tftpRemote{url: url}, nil
}

func (r *tftpRemote) name() string {
	if strings.HasSuffix(r.url.Name, "/") {
		return ""
	}
	return path.Base(r.url.Name)
}

// errNoResume: TFTP has no way to begin anywhere but at the beginning.
var errNoResume = errors.New("TFTP cannot resume: leave --continue out")

func (r *tftpRemote) fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error {
	if offset > 0 {
		return &usageError{errNoResume}
	}
	r.client.Progress = report
	_, err := r.client.Get(ctx, r.url, w)
	return err
}

func (r *tftpRemote) store(ctx context.Context, src io.Reader, size int64, resume bool, report func(done, total int64)) error {
	if resume {
		return &usageError{errNoResume}
	}
	r.client.Progress = report
	_, err := r.client.Put(ctx, r.url, src, size)
	return err
}
