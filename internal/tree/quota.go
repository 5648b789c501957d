package tree

import (
	"dray/internal/identity"
	"dray/internal/vfs"
	"dray/internal/vfs/mount"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/quota"
)

// Quotas bound what uploads leave behind. The folders of a budget are filled in for each
// subject.
type Quotas struct {
	Ledger *quota.Ledger
	All    quota.Budget // of all that is uploaded: everything in every folder counts
	User   quota.Budget // of each user whose account has none
}

// Warm counts the folders of the budget that all share, in the background.
func (s *Shared) Warm() {
	if s.Quotas != nil && bounds(&s.Quotas.All) {
		s.Quotas.Ledger.Count(s.everything()...)
	}
}

// Close ends what goes on in the background.
func (s *Shared) Close() {
	if s.Quotas != nil {
		s.Quotas.Ledger.Close()
	}
}

func (s *Shared) everything() (all []*quota.Region) {
	for _, f := range s.Folders.All() {
		all = append(all, s.region(f))
	}
	return all
}

func (s *Shared) region(files vfs.FS) *quota.Region {
	return s.Quotas.Ledger.Region(host(files), files, vfs.Path{})
}

// host is the folder of files on the host; "" for what is none.
func host(files vfs.FS) string {
	if f, ok := files.(*osfs.FS); ok {
		return f.Dir()
	}
	return ""
}

func bounds(b *quota.Budget) bool { return b.Bytes > 0 || b.Files > 0 }

// bounded wraps the root and what is mounted, so that the budgets are kept. A user's holds
// for their root and what is mounted for them alone, so many of the points.
func (t *Trees) bounded(a identity.Account, root vfs.FS, points []mount.Point, own int) vfs.FS {
	s := t.Shared
	if s.Quotas == nil {
		return root
	}
	var budgets []quota.Budget
	add := func(b quota.Budget, regions func() []*quota.Region) {
		if bounds(&b) {
			b.Regions = regions()
		}
		if bounds(&b) || b.FileSize > 0 {
			budgets = append(budgets, b)
		}
	}
	add(s.Quotas.All, s.everything)
	add(t.Uploads, func() []*quota.Region { return s.below(t.UploadFolder, root, points) })
	if a.Name != "" {
		add(s.Quotas.of(a), func() []*quota.Region {
			return append(s.below(vfs.Path{}, root, nil), s.below(vfs.Path{}, nil, points[:own])...)
		})
	}
	if len(budgets) == 0 && s.Quotas.Ledger.Empty() {
		return root
	}
	for i := range points {
		if p := &points[i]; p.FS != nil && !p.ReadOnly {
			p.FS = s.Quotas.Ledger.Wrap(p.FS, host(p.FS), budgets...)
		}
	}
	return s.Quotas.Ledger.Wrap(root, host(root), budgets...)
}

// of is the budget of a user.
func (q *Quotas) of(a identity.Account) quota.Budget {
	b := q.User
	b.Of = a.Name
	if a.QuotaBytes != 0 {
		b.Bytes, b.Settings[0] = a.QuotaBytes, "the quota-bytes of "+a.Name
	}
	if a.QuotaFiles != 0 {
		b.Files, b.Settings[1] = a.QuotaFiles, "the quota-files of "+a.Name
	}
	return b
}

// below are the folders of the host that can be written to at and below a path.
func (s *Shared) below(p vfs.Path, root vfs.FS, points []mount.Point) (all []*quota.Region) {
	at, files := p, root
	for _, m := range points {
		switch {
		case m.FS == nil || m.ReadOnly:
		case p.Within(m.At):
			at, files = p.Below(m.At), m.FS
		case m.At.Within(p):
			all = append(all, s.region(m.FS))
		}
	}
	if files != nil {
		all = append(all, s.Quotas.Ledger.Region(host(files), files, at))
	}
	return all
}
