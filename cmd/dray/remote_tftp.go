package main

import (
	"context"
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

func parseTFTP(raw string, _ remoteOptions) (remote, error) {
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

func (r *tftpRemote) fetch(ctx context.Context, w io.Writer, report func(done, total int64)) (int64, error) {
	r.client.Progress = report
	t, err := r.client.Get(ctx, r.url, w)
	return t.Bytes, err
}

func (r *tftpRemote) store(ctx context.Context, src io.Reader, size int64, report func(done, total int64)) (int64, error) {
	r.client.Progress = report
	t, err := r.client.Put(ctx, r.url, src, size)
	return t.Bytes, err
}
