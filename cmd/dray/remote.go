package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"dray/ftp"
)

// remote is a name on a server, whatever the protocol.
type remote interface {
	// name is the last element of the path, "" if the URL has none.
	name() string

	// fetch writes the file to w and store sends r, of size octets or -1, to it. Both
	// return the octets moved and tell report of them as they go, with the total where
	// the server says it, else -1.
	fetch(ctx context.Context, w io.Writer, report func(done, total int64)) (int64, error)
	store(ctx context.Context, r io.Reader, size int64, report func(done, total int64)) (int64, error)
}

// lister is a remote whose protocol has lists.
type lister interface {
	// list yields what is in the directory.
	list(ctx context.Context) iter.Seq2[ftp.Entry, error]
}

// remoteOptions are the flags that get, put and ls share.
type remoteOptions struct {
	active bool
}

// parseRemote reads a URL. It connects to nothing.
func parseRemote(raw string, o remoteOptions, std stdio) (remote, error) {
	scheme, found := schemeOf(raw)
	switch scheme {
	case "ftp":
		return parseFTP(raw, o, std)
	case "tftp":
		return parseTFTP(raw, o)
	}
	if !found {
		return nil, &urlError{3, fmt.Errorf("%q is no URL: want ftp://HOST/FILE or tftp://HOST/FILE", raw)}
	}
	return nil, &urlError{1, fmt.Errorf("scheme %q is not supported: ftp and tftp are", scheme)}
}

// schemeOf returns what a URL begins with, in lower case.
func schemeOf(raw string) (scheme string, found bool) {
	scheme, _, found = strings.Cut(raw, "://")
	return strings.ToLower(scheme), found
}
