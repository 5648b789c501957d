package ftpd

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/vfs"
)

// SetTimes implements [ftpserver.TimeSetter].
func (f files) SetTimes(ctx context.Context, name string, accessed, modified time.Time) error {
	return f.setAttribute(event.SetTimes, name, func(p vfs.Path) error {
		setter, ok := f.fs.(vfs.TimeSetter)
		if !ok {
			return errors.ErrUnsupported
		}
		return setter.SetTimes(ctx, p, accessed, modified)
	})
}

// SetMode implements [ftpserver.ModeSetter].
func (f files) SetMode(ctx context.Context, name string, mode fs.FileMode) error {
	return f.setAttribute(event.SetMode, name, func(p vfs.Path) error {
		setter, ok := f.fs.(vfs.ModeSetter)
		if !ok {
			return errors.ErrUnsupported
		}
		return setter.SetMode(ctx, p, mode)
	})
}

// setAttribute sets one and tells of it, or only pretends to.
func (f files) setAttribute(op event.Op, name string, set func(p vfs.Path) error) error {
	var p vfs.Path
	do := func(q, _ vfs.Path) error {
		p = q
		return set(q)
	}
	if !f.lenient {
		return f.change(op, name, "", do)
	}
	err := f.try(name, "", do)
	e := event.Change{Session: f.session.about, Op: op, Path: name, Err: err}
	if f.pretends(err, p) {
		e.Detail, e.Err = "not permitted: nothing changed", nil
	}
	f.session.emit(e)
	return wire(e.Err)
}

// pretends reports whether a refusal, of the rules or of the store, is answered as success.
func (f files) pretends(err error, p vfs.Path) bool {
	may := func(op policy.Op) bool { return f.fs.May(op, p) }
	refused := errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported)
	return refused && (may(policy.Create) || may(policy.Overwrite))
}
