package main

import (
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progressDelay is how long a transfer runs before its bar appears.
const progressDelay = time.Second

// progress draws a bar with rate and time left for one transfer, on a terminal only and
// only when the transfer takes longer than progressDelay. A nil progress draws nothing.
type progress struct {
	name    string
	total   int64 // negative: not known
	started time.Time
	done    int64
	pool    *mpb.Progress
	bar     *mpb.Bar
	out     io.Writer
}

// newProgress returns nil when out is not a terminal that can move its cursor.
func newProgress(out io.Writer, name string, total int64) *progress {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &progress{name: name, total: total, started: time.Now(), out: out}
}

// at says that done bytes, of total if that is not negative, have been moved so far.
func (p *progress) at(done, total int64) {
	if p == nil {
		return
	}
	if total >= 0 {
		p.total = total
	}
	p.done = done
	if p.bar == nil {
		if time.Since(p.started) < progressDelay {
			return
		}
		p.open()
	}
	if p.total >= 0 {
		p.bar.SetTotal(p.total, false)
	}
	p.bar.SetCurrent(done)
}

func (p *progress) open() {
	p.pool = mpb.New(mpb.WithOutput(p.out), mpb.WithAutoRefresh())
	if p.total < 0 {
		p.bar = p.pool.New(0, mpb.NopStyle(), mpb.PrependDecorators(
			decor.Name(p.name, decor.WCSyncSpaceR), decor.Current(decor.SizeB1024(0), "% .1f"), rateSince(p.started)))
		return
	}
	p.bar = p.pool.New(p.total, mpb.BarStyle(),
		mpb.PrependDecorators(
			decor.Name(p.name, decor.WCSyncSpaceR),
			decor.Counters(decor.SizeB1024(0), "% .1f / % .1f"),
		),
		mpb.AppendDecorators(
			decor.NewPercentage("%d", decor.WCSyncSpace),
			rateSince(p.started),
			decor.NewAverageETA(decor.ET_STYLE_MMSS, p.started, nil, decor.WCSyncSpace),
		),
	)
}

// rateSince shows the mean rate since start, which is before the bar was drawn.
func rateSince(start time.Time) decor.Decorator {
	return decor.NewAverageSpeed(decor.SizeB1024(0), " % .1f", start, decor.WCSyncSpace)
}

// end leaves the bar as it is at the end of the transfer, whole or not.
func (p *progress) end(whole bool) {
	if p == nil || p.bar == nil {
		return
	}
	if whole {
		p.bar.SetTotal(p.done, true)
	} else {
		p.bar.Abort(false)
	}
	p.pool.Wait()
}
