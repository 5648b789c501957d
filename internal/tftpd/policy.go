package tftpd

import (
	"errors"
	"fmt"
	"slices"

	"dray/internal/tftpd/remap"
	"dray/internal/vfs"
)

// Policy is what a server makes of requests. The zero value serves the folder as it is, to
// everybody.
type Policy struct {
	Read  Access // who may read
	Write Access // who may write, if anybody may

	// Quirks are what clients of some networks cannot bear. The smallest network decides.
	Quirks []Quirk

	// Remap changes the names in requests. nil changes none.
	Remap *remap.Rules

	// ClientFolders name the folder that is all that a client sees: the first of them
	// that there is. A client without one sees the shared folder.
	ClientFolders []*Pattern

	// Hosts are the names of clients. Of two that fit, the one by MAC goes first.
	Hosts []Host

	// FoldCase finds files to read whose names differ in case. Where a name is there as
	// it was asked for, that is the one; where several differ in case alone, none is.
	FoldCase bool

	// Provisions are asked in this order, before the file of the name that is asked for.
	Provisions []Provision

	// UploadFolder is where uploads may go; the zero value is everywhere.
	UploadFolder vfs.Path
}

// Check finds what does not go together.
func (p *Policy) Check() error {
	var errs []error
	note := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	note("read", p.Read.Check())
	note("write", p.Write.Check())
	for _, h := range p.Hosts {
		note("hosts", h.Check())
	}
	for i := range p.Provisions {
		note(fmt.Sprintf("provision %d", i+1), p.Provisions[i].Check())
	}
	return errors.Join(errs...)
}

// NeedsNeighbours reports whether names depend on the MAC addresses of clients. What a
// template or a program makes may do without.
func (p *Policy) NeedsNeighbours() bool {
	all := slices.Clone(p.ClientFolders)
	for _, v := range p.Provisions {
		all = append(append(all, v.Match), v.Try...)
	}
	return slices.ContainsFunc(all, func(x *Pattern) bool { return x.needs["MAC"] }) ||
		slices.ContainsFunc(p.Hosts, func(h Host) bool { return len(h.MAC) > 0 })
}
