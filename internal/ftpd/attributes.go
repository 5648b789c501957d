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
	return f.setAttribute("settimes", name, policy.SetTime, func(p vfs.Path) error {
		setter, ok := f.fs.(vfs.TimeSetter)
		if !ok {
			return errors.ErrUnsupported
		}
		return setter.SetTimes(ctx, p, accessed, modified)
	})
}

// SetMode implements [ftpserver.ModeSetter].
func (f files) SetMode(ctx context.Context, name string, mode fs.FileMode) error {
	return f.setAttribute("setmode", name, policy.SetMode, func(p vfs.Path) error {
		setter, ok := f.fs.(vfs.ModeSetter)
		if !ok {
			return errors.ErrUnsupported
		}
		return setter.SetMode(ctx, p, mode)
	})
}

// setAttribute sets one and tells of it, or only pretends to.
func (f files) setAttribute(op, name string, right policy.Op, set func(p vfs.Path) error) error {
	p, err := vfs.ParsePath(name)
	if err == nil && f.pretends(right, p) {
		f.emit(event.Event{Kind: event.Change, Op: op, Path: name, Detail: "not permitted: nothing changed"})
		return nil
	}
	return f.change(op, name, "", func(p, _ vfs.Path) error { return set(p) })
}

func (f files) pretends(right policy.Op, p vfs.Path) bool {
	may := func(op policy.Op) bool { return f.rules.Decide(f.subject, op, p) }
	return f.lenient && !may(right) && (may(policy.Create) || may(policy.Overwrite))
}
