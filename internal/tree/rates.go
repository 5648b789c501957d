package tree

import (
	"dray/internal/identity"
	"dray/internal/vfs"
	"dray/internal/vfs/bandwidth"
)

// Rates bound how fast content moves.
type Rates struct {
	All     *bandwidth.Limiter // of all sessions together; nil is no limit
	User    bandwidth.Rates    // of all sessions of each user whose account has none
	Session bandwidth.Rates    // of each session
	Users   *bandwidth.Users   // the limiters of users; nil: none are limited
}

// paced wraps what a subject sees, if anything bounds how fast.
func (r *Rates) paced(a identity.Account, files vfs.FS) vfs.FS {
	if r == nil {
		return files
	}
	limits := []*bandwidth.Limiter{nil, nil, r.All}
	if r.Session.Up > 0 || r.Session.Down > 0 {
		limits[0] = bandwidth.New(r.Session)
	}
	if a.Name != "" && r.Users != nil {
		limits[1] = r.Users.Of(a.Name, r.of(a))
	}
	return bandwidth.Wrap(files, limits...)
}

// of are the rates of a user.
func (r *Rates) of(a identity.Account) bandwidth.Rates {
	rates := r.User
	if a.UploadRate != 0 {
		rates.Up = a.UploadRate
	}
	if a.DownloadRate != 0 {
		rates.Down = a.DownloadRate
	}
	return rates
}
