package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
)

// Question is whether somebody may do something.
type Question struct {
	User     string
	Groups   []string // that the user is a member of besides those that are known
	Protocol string   // as of an [identity.Subject]; "" is ftp for guests, else sftp
	Remote   netip.Addr
	Op       policy.Op
	Path     string // as the user sees it
}

// Answer says what holds, and why.
type Answer struct {
	Subject identity.Subject
	Path    vfs.Path
	Allowed bool
	Why     string             // what decides
	Note    string             // what could not be found out
	Rules   policy.Explanation // what the rules say of the path

	LeadsTo vfs.Path            // where links lead from it; the same without links
	There   *policy.Explanation // what the rules say there; nil without links
}

// deny says why, unless it is denied for another reason already.
func (a *Answer) deny(why string) {
	if a.Allowed {
		a.Allowed, a.Why = false, why
	}
}

// ErrAsked is a question that nobody can answer.
var ErrAsked = errors.New("nobody can tell")

// Explain finds out what the settings and the users that there are make of a question. It
// changes nothing.
func Explain(ctx context.Context, cfg config.Serve, q Question) (a Answer, err error) {
	var all people
	named, err := readRoster(cfg)
	if err != nil {
		return a, err
	}
	all.roster.Store(named)
	if _, err = all.adopt(cfg.StateDir); err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	account, err := a.who(ctx, &all, cfg, q)
	if err != nil {
		return a, err
	}
	if a.Path, err = vfs.ParsePath(q.Path); err != nil {
		return a, fmt.Errorf("%w: %q is no path: %w", ErrAsked, q.Path, err)
	}
	rules, err := accessRules(cfg)
	if err != nil {
		return a, err
	}
	if why := inadmissible(cfg, account, a.Subject); why != nil {
		a.Why = why.Error()
		return a, nil
	}
	a.Rules, a.LeadsTo = rules.Explain(a.Subject, q.Op, a.Path), a.Path
	a.Allowed, a.Why = a.Rules.Allowed, a.Rules.Why
	folders := new(osfs.Pool)
	defer func() { err = errors.Join(err, folders.Close()) }()
	if err := a.where(ctx, folders, &all, cfg, q.Op); err != nil {
		a.Note = fmt.Sprintf("where links lead to cannot be found out: %v", err)
	}
	if a.LeadsTo != a.Path {
		there := rules.Explain(a.Subject, q.Op, a.LeadsTo)
		a.There = &there
		if !there.Allowed {
			a.deny(fmt.Sprintf("it leads to %s, and there %s", a.LeadsTo, there.Why))
		}
	}
	return a, nil
}

// who finds out about the user.
func (a *Answer) who(ctx context.Context, all *people, cfg config.Serve, q Question) (account identity.Account, err error) {
	s := identity.Subject{Name: q.User, Anonymous: q.User == "anonymous"}
	if q.Protocol == "" {
		q.Protocol = "sftp"
		if s.Anonymous {
			q.Protocol = "ftp"
		}
	}
	switch {
	case q.Protocol == "tftp" && !s.Anonymous:
		return account, fmt.Errorf("%w: TFTP knows no users, ask about anonymous", ErrAsked)
	case !s.Anonymous:
		account, err = all.Lookup(ctx, q.User)
		if errors.Is(err, identity.ErrUnknown) {
			return account, fmt.Errorf("%w: %w called %q, see dray user list and the section users", ErrAsked, err, q.User)
		}
		if err != nil {
			return account, err
		}
	}
	s.Groups = slices.Concat(account.Groups, q.Groups)
	a.Subject = s.By(q.Protocol, q.Remote)
	return account, nil
}

// where finds out where the path leads, and whether what is mounted there can be changed.
func (a *Answer) where(ctx context.Context, folders *osfs.Pool, all *people, cfg config.Serve, op policy.Op) error {
	files, err := folders.Open(cfg.Dir)
	if err != nil {
		return err
	}
	trees := &tree.Trees{Files: files, Shared: &tree.Shared{Folders: folders, Accounts: all, Home: cfg.Folders.Home}}
	for _, m := range cfg.Folders.Mounts {
		trees.Mounts = append(trees.Mounts, identity.Mount(m))
	}
	seen, err := trees.Bare(ctx, a.Subject)
	if err != nil {
		return err
	}
	if m, ok := seen.(interface{ ReadOnly(p vfs.Path) bool }); ok && !policy.ReadOnly.Has(op) && m.ReadOnly(a.Path) {
		a.deny("the folder is mounted read-only, which no rule changes")
	}
	p, name := a.Path, ""
	if !p.IsRoot() && (op == policy.Delete || op == policy.Mkdir || op == policy.Rename || op == policy.Create) {
		p, name = p.Dir(), p.Base() // not what the name links to
	}
	links, ok := seen.(vfs.Resolver)
	if !ok {
		return nil
	}
	to, err := links.Resolve(ctx, p)
	if err == nil && name != "" {
		to, err = to.Join(name)
	}
	if err == nil {
		a.LeadsTo = to
	}
	return err
}

// inadmissible is why the user does not come so far as to be asked for rights.
func inadmissible(cfg config.Serve, account identity.Account, s identity.Subject) error {
	switch {
	case s.Protocol == "tftp":
		return nil
	case s.Anonymous && (s.Protocol == "sftp" || s.Protocol == "scp"):
		return errors.New("SSH knows no guests")
	case s.Anonymous && !cfg.AdmitsGuests():
		return errors.New("where there are users, no guests are let in")
	case s.Anonymous:
		return nil
	}
	if err := account.Valid(time.Now()); err != nil {
		return err
	}
	if !s.Remote.IsValid() {
		account.Networks = nil // it was not asked
	}
	return account.Admits(s.Protocol, s.Remote)
}
