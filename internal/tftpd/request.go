package tftpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"path"
	"strings"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/tftpd/remap"
	"dray/internal/vfs"
	"dray/tftp"
)

// request is one that is being answered.
type request struct {
	*tftp.Request
	handler   *Handler
	policy    *Policy
	files     guard.Tree
	announced int64    // size of an upload, 0: not told
	folder    vfs.Path // that the client sees
	path      vfs.Path // within folder
	facts     Facts
	served    string // the path that came of it, for the log
	maker     string // what has made the file, for the log
}

// nobody is who every client of TFTP is.
func nobody() identity.Subject { return identity.Subject{Name: "anonymous", Anonymous: true} }

// admit decides whether the client may ask, and finds out what it asks for.
func (q *request) admit(ctx context.Context) error {
	h := q.handler
	if h.Trees == nil {
		return errors.New("tftpd: a handler needs Trees")
	}
	var err error
	if q.files, err = h.Trees.Open(ctx, nobody().By(protocol, q.Remote.Addr())); err != nil {
		return err
	}
	if err := q.access(); err != nil {
		return err
	}
	q.bear()
	if err := q.name(); err != nil {
		return err
	}
	q.know()
	q.folder = q.clientFolder(ctx)
	q.served = q.full().String()
	return nil
}

// access refuses clients of the wrong networks.
func (q *request) access() error {
	client, list, name := q.Remote.Addr(), q.policy.Read, "tftp.read"
	if q.Write {
		list, name = q.policy.Write, "tftp.write"
	}
	if list.Allows(client) {
		return nil
	}
	return &Refusal{Why: list.explain(client, name), Remedy: "change that if it should be served", Err: fs.ErrPermission}
}

// bear leaves out the options that the client cannot bear.
func (q *request) bear() {
	if q.Options.HasSize && q.Mode == tftp.Octet {
		q.announced = q.Options.Size
	}
	quirk := quirkOf(q.policy.Quirks, q.Remote.Addr())
	o := &q.Options
	if quirk.NoOptions {
		*o = tftp.Options{}
	}
	if limit := quirk.MaxBlockSize; limit > 0 {
		o.BlockSize, o.BlockSize2 = min(o.BlockSize, limit), min(o.BlockSize2, limit)
	}
	if limit := quirk.MaxWindowSize; limit > 0 {
		o.WindowSize = min(o.WindowSize, limit)
	}
}

// name takes the name through the rules, and reads it.
func (q *request) name() error {
	name := q.Name
	if q.policy.Remap != nil {
		r := q.policy.Remap.Apply(remap.Request{Name: name, Write: q.Write, Client: q.Remote.Addr()})
		if r.Refused {
			return &Refusal{
				Why:    fmt.Sprintf("line %d of the map file refuses %q", r.Line, name),
				Remedy: "dray tftp map-test shows the way of a name",
				Err:    &tftp.Error{Code: tftp.CodeAccess, Message: or(r.Message, tftp.CodeAccess.String())},
			}
		}
		name = r.Name
	}
	p, err := parse(name, q.Write)
	if err != nil {
		return err
	}
	if !q.handler.DotFiles && strings.Contains(p.String(), "/.") {
		reason := fs.ErrNotExist
		if q.Write {
			reason = fs.ErrPermission
		}
		return &Refusal{Why: fmt.Sprintf("%q is a dot file", p), Remedy: "set tftp.dot-files to serve those", Err: reason}
	}
	q.path = p
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// parse reads a name. A backslash counts as a slash for reads only, so that an upload
// makes the very name that was asked for.
func parse(name string, write bool) (vfs.Path, error) {
	p, err := vfs.ParsePath(name)
	if err == nil && !write {
		return vfs.ParsePath(strings.ReplaceAll(name, `\`, "/"))
	}
	return p, err
}

// know gathers the facts.
func (q *request) know() {
	q.facts = Facts{Name: strings.TrimPrefix(q.path.String(), "/"), IP: IP{q.Remote.Addr()}, Server: IP{q.Local}}
	var hw net.HardwareAddr
	if q.handler.Neighbours != nil {
		hw = q.handler.Neighbours(q.Remote.Addr())
		q.facts.MAC = macOf(hw)
	}
	q.facts.Hostname = hostname(q.policy.Hosts, q.Remote.Addr(), hw)
}

// hostname is the name of a client, "" if it has none.
func hostname(all []Host, client netip.Addr, hw net.HardwareAddr) (name string) {
	client = plainAddr(client)
	for _, h := range all {
		if len(hw) > 0 && h.MAC.String() == hw.String() {
			return h.Name
		}
		if name == "" && h.IP.IsValid() && plainAddr(h.IP) == client {
			name = h.Name
		}
	}
	return name
}

// clientFolder is the folder that the client sees.
func (q *request) clientFolder(ctx context.Context) vfs.Path {
	for _, pattern := range q.policy.ClientFolders {
		name, ok := pattern.name(q.facts)
		if !ok {
			continue
		}
		p, err := vfs.ParsePath(name)
		if err != nil {
			continue
		}
		if i, err := q.files.Stat(ctx, p); err == nil && i.IsDir() {
			return p
		}
	}
	return vfs.Path{}
}

// full is the path of what is asked for, in the shared folder.
func (q *request) full() vfs.Path { return q.below(q.path) }

// below is p as the client sees it, in the shared folder.
func (q *request) below(p vfs.Path) vfs.Path {
	if q.folder.IsRoot() {
		return p
	}
	full, err := q.folder.Join(p.Rel())
	if err != nil { // longer than a path may be: nothing is there
		return q.folder
	}
	return full
}

// read opens what is to be sent.
func (q *request) read(ctx context.Context) (io.ReadCloser, int64, error) {
	for i := range q.policy.Provisions {
		v := &q.policy.Provisions[i]
		if !v.matches(q.facts, q.policy.FoldCase) {
			continue
		}
		rd, size, err := q.provide(ctx, v)
		if !errors.Is(err, fs.ErrNotExist) {
			return rd, size, err
		}
	}
	return q.open(ctx, q.path)
}

// provide opens what v has for the client; fs.ErrNotExist: nothing.
func (q *request) provide(ctx context.Context, v *Provision) (io.ReadCloser, int64, error) {
	if len(v.Try) == 0 {
		if p := q.full(); !q.files.May(policy.Read, p) { // there is no file that a guard would ask about
			return nil, 0, &Refusal{Why: q.files.Why(policy.Read, p), Remedy: "rules hold for names that are provided too", Err: fs.ErrPermission}
		}
		b, err := v.produce(ctx, q.facts, q.handler.places)
		if err != nil {
			return nil, 0, err
		}
		q.maker = v.maker()
		return newMade(b), int64(len(b)), nil
	}
	for _, pattern := range v.Try {
		name, ok := pattern.name(q.facts)
		if !ok {
			continue
		}
		p, err := vfs.ParsePath(name)
		if err != nil {
			return nil, 0, err
		}
		rd, size, err := q.open(ctx, p)
		if !errors.Is(err, fs.ErrNotExist) {
			return rd, size, err
		}
	}
	return nil, 0, fs.ErrNotExist
}

// open opens a file that the client sees as p.
func (q *request) open(ctx context.Context, p vfs.Path) (io.ReadCloser, int64, error) {
	full := q.below(p)
	file, err := q.files.Open(ctx, full)
	if q.policy.FoldCase && missing(err) {
		if full, err = q.fold(ctx, p); err == nil {
			file, err = q.files.Open(ctx, full)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	i, err := file.Info()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	q.served = full.String()
	return file, i.Size, nil
}

func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir)
}

// maxFold is how many names are looked at to find one that differs in case.
const maxFold = 100_000

// fold finds the one file whose path differs from p in case alone. In every folder the
// name as it was asked for goes first; of several others none is taken.
func (q *request) fold(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	at, left := q.folder, maxFold
	for elem := range strings.SplitSeq(p.Rel(), "/") {
		exact, err := at.Join(elem)
		if err != nil {
			return vfs.Path{}, err
		}
		_, err = q.files.Stat(ctx, exact)
		if err == nil {
			at = exact
			continue
		}
		if !missing(err) {
			return vfs.Path{}, err
		}
		if at, err = q.foldOne(ctx, at, elem, &left); err != nil {
			return vfs.Path{}, err
		}
	}
	return at, nil
}

// foldOne finds the one entry of a folder that differs from elem in case alone.
func (q *request) foldOne(ctx context.Context, dir vfs.Path, elem string, left *int) (vfs.Path, error) {
	var found []string
	for i, err := range q.files.List(ctx, dir) {
		if err != nil {
			return vfs.Path{}, err
		}
		if *left--; *left < 0 {
			return vfs.Path{}, &Refusal{
				Why:    fmt.Sprintf("there are more than %d names to compare with %q", maxFold, elem),
				Remedy: "ask for it in its own case, or put it into a smaller folder", Err: fs.ErrNotExist,
			}
		}
		if strings.EqualFold(i.Name, elem) {
			found = append(found, i.Name)
		}
	}
	switch len(found) {
	case 0:
		return vfs.Path{}, &vfs.OpError{Op: "open", Path: path.Join(dir.String(), elem), Err: fs.ErrNotExist}
	case 1:
		return dir.Join(found[0])
	}
	return vfs.Path{}, &Refusal{
		Why:    fmt.Sprintf("%q could be any of %q", elem, found),
		Remedy: "ask for it in its own case, or rename the others", Err: fs.ErrNotExist,
	}
}

// write begins an upload.
func (q *request) write(ctx context.Context) (tftp.Upload, error) {
	h, p := q.handler, q.full()
	create, overwrite := q.files.May(policy.Create, p), q.files.May(policy.Overwrite, p)
	switch {
	case !create && !overwrite:
		return nil, &Refusal{
			Why: q.files.Why(policy.Create, p), Remedy: "allow uploads with --write or --tftp-write, or by a rule", Err: fs.ErrPermission,
		}
	case !p.Within(q.policy.UploadFolder):
		return nil, &Refusal{
			Why: fmt.Sprintf("%q is not in %q, where uploads go", p, q.policy.UploadFolder), Remedy: "upload to there, or change tftp.upload-folder",
			Err: fs.ErrPermission,
		}
	case !create:
		if _, err := q.files.Stat(ctx, p); errors.Is(err, fs.ErrNotExist) {
			return nil, &Refusal{
				Why: fmt.Sprintf("%q is not there, and uploads may only replace files", p), Remedy: "make it first, or set tftp.write to all",
				Err: fs.ErrNotExist,
			}
		}
	}
	if !h.begin(p) {
		return nil, &vfs.OpError{Op: "create", Path: p.String(), Err: vfs.ErrBusy}
	}
	u, err := q.create(ctx, p)
	if err != nil {
		h.end(p)
		if errors.Is(err, fs.ErrExist) && !overwrite {
			err = &Refusal{
				Why: fmt.Sprintf("%q is there already, and uploads may not replace files", p), Remedy: "remove it, or set tftp.write to all",
				Err: err,
			}
		}
		return nil, err
	}
	return u, nil
}

// create makes the upload, if there is room.
func (q *request) create(ctx context.Context, p vfs.Path) (*upload, error) {
	h := q.handler
	full := q.room(ctx, p)
	u, err := q.files.Create(ctx, p, vfs.CreateOptions{Expect: q.announced})
	if err != nil {
		return nil, err // which may say more than that it is full
	}
	if full != nil {
		return nil, errors.Join(full, u.Abort())
	}
	return &upload{Upload: u, end: func() { h.end(p) }}, nil
}

// room refuses an upload that is announced to be larger than what is left on the disk, and
// what the file that it replaces may give back.
func (q *request) room(ctx context.Context, p vfs.Path) error {
	space, ok := q.files.(vfs.SpaceReporter)
	if !ok || q.announced == 0 {
		return nil
	}
	free, err := space.FreeSpace(ctx, p.Dir())
	if old, missing := q.files.Stat(ctx, p); missing == nil {
		free += old.Size
	}
	if err != nil || free >= q.announced {
		return nil // if the folder cannot be had, the upload will say so
	}
	return &Refusal{
		Why: fmt.Sprintf("%q is to have %d octets, and %d are free", p, q.announced, free), Remedy: "make room", Err: tftp.ErrNoSpace,
	}
}
