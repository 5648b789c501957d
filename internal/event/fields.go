package event

import (
	"log/slog"
	"time"
)

// Fields says an event in names and values, in the order in which people read them. What
// does not apply is left out. Values are as the peer has sent them: nothing is escaped.
func Fields(e Event) []slog.Attr {
	f := make(fields, 0, 16)
	who := e.Whose()
	f.text("protocol", who.Protocol)
	f.text("session", who.ID)
	if who.Remote.IsValid() {
		f.text("remote", who.Remote.String())
	}
	if l, ok := e.(Login); ok {
		f.text("tls", l.TLS)
	}
	f.text("user", who.User)
	detail := ""
	switch e := e.(type) {
	case End:
		f.seconds(e.Duration)
	case Login:
		detail = e.Detail
	case Refusal:
		f.text("reason", string(e.Reason))
		detail = e.Detail
	case Transfer:
		f.text("op", string(e.Op))
		f.text("path", e.Path)
		f.number("bytes", e.Bytes)
		f.seconds(e.Duration)
		f.number("rate", rate(e.Bytes, e.Duration))
		detail = e.Detail
	case Change:
		f.text("op", string(e.Op))
		f.text("path", e.Path)
		f.text("to", e.To)
		detail = e.Detail
	case Lookup:
		f.text("op", string(Stat))
		f.text("path", e.Path)
		detail = e.Command
	}
	f.text("outcome", outcome(e))
	f.text("detail", detail)
	if err := e.Failure(); err != nil {
		f.text("error", err.Error())
	}
	return f
}

type fields []slog.Attr

func (f *fields) text(key, value string) {
	if value != "" {
		*f = append(*f, slog.String(key, value))
	}
}

func (f *fields) number(key string, n int64) { *f = append(*f, slog.Int64(key, n)) }

func (f *fields) seconds(d time.Duration) {
	*f = append(*f, slog.Float64("seconds", d.Round(time.Microsecond).Seconds()))
}

func outcome(e Event) string {
	if e.Failure() == nil {
		return "ok"
	}
	switch e.(type) {
	case Login, Refusal:
		return "refused"
	}
	return "failed"
}

// rate is in bytes a second, 0 when no time has passed.
func rate(bytes int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(bytes) / d.Seconds())
}
