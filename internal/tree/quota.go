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

// budgets are those that hold for a user. That of the user holds for their root and what is
// mounted for them alone, so many of the points.
func (t *Trees) budgets(a identity.Account, root vfs.FS, points []mount.Point, own int) (budgets []quota.Budget) {
	s := t.Shared
	if s.Quotas == nil {
		return nil
	}
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
	return budgets
}

// counts reports whether changes have to be counted, for these budgets or for others.
func (q *Quotas) counts(budgets []quota.Budget) bool {
	return len(budgets) > 0 || q != nil && !q.Ledger.Empty()
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
