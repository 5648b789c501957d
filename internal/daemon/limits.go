package daemon

import (
	"context"
	"log/slog"
)

// limitSetting is the key of the setting behind a field of [tftp.Server] that its
// log names as a limit, "" for others.
func limitSetting(field string) string {
	return map[string]string{
		"MaxTransfers": "tftp.max-transfers",
		"MaxUnproven":  "tftp.max-unproven",
		"MaxPerSource": "tftp.max-per-source",
	}[field]
}

// limitNames is a handler of logs that names limits by their settings.
type limitNames struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h limitNames) Handle(ctx context.Context, r slog.Record) error {
	named := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if key := limitSetting(a.Value.String()); a.Key == "limit" && key != "" {
			a = slog.String("setting", key)
		}
		named.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, named)
}

// WithAttrs implements [slog.Handler].
func (h limitNames) WithAttrs(attrs []slog.Attr) slog.Handler {
	return limitNames{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h limitNames) WithGroup(name string) slog.Handler {
	return limitNames{h.Handler.WithGroup(name)}
}
