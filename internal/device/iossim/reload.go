package iossim

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dray/internal/device/iossim/show"
)

// schedule is a reload that is to come.
type schedule struct {
	at     time.Time // by the clock of the host
	who    string
	reason string
	cancel context.CancelFunc
}

// reload asks what is to become of the configuration, and whether it is meant.
func reload(s *session, a args, _ io.Writer) error {
	d := s.d
	when, ok := s.when(a)
	if !ok {
		return nil
	}
	if d.modified() {
		yes, err := s.YesNo("\nSystem configuration has been modified. Save? [yes/no]: ")
		if err != nil {
			return err
		}
		if yes {
			if err := s.save(); err != nil {
				return err
			}
		}
	}
	reason := or(a["reason"], "Reload Command")
	if when > 0 {
		at := d.now().Add(when)
		s.Print(d.planned(at, when, s.who(), reason))
	} else if d.model.Members > 1 {
		s.Print("Reload command is being issued on Active unit, this will reload the whole stack\n")
	}
	yes, err := s.Confirm("Proceed with reload? ")
	if err != nil || !yes {
		return err
	}
	if when > 0 {
		d.arm(when, s.who(), reason)
		d.Message("%%SYS-5-SCHEDULED_RELOAD: Reload requested for %s at %s by %s. Reload Reason: %s.", show.Stamp(d.now().Add(when)), show.Stamp(d.now()), s.who(), reason)
		return nil
	}
	s.Print("\n")
	d.Message("%%SYS-5-RELOAD: Reload requested by %s. Reload Reason: %s.", s.who(), reason)
	s.Flush()
	if d.model.XE {
		s.Printf("Chassis 1 reloading, reason - %s\n", reason)
	}
	d.goDown("reload")
	<-s.Context().Done()
	return s.Context().Err()
}

// planned says when the device will reload: by its clock, if that was set.
func (d *Device) planned(at time.Time, in time.Duration, who, reason string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	when := "in " + span(in)
	if d.clockSet {
		when = "for " + show.Stamp(at) + " (in " + span(in) + ")"
	}
	return "Reload scheduled " + when + " by " + who + "\nReload reason: " + reason + "\n"
}

// when is how far away the reload is: 0 for now.
func (s *session) when(a args) (time.Duration, bool) {
	if text := a["minutes"]; text != "" {
		n, _ := strconv.Atoi(text)
		return time.Duration(n) * time.Minute, true
	}
	text := a["time"]
	if text == "" {
		return 0, true
	}
	hours, minutes, _ := strings.Cut(text, ":")
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	if a["how"] == "in" {
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, h > 0 || m > 0
	}
	now := s.d.now()
	at := time.Date(now.Year(), now.Month(), now.Day(), h, m, 0, 0, now.Location())
	if day, err := strconv.Atoi(a["day"]); err == nil {
		month, _ := time.Parse("January", a["month"])
		if at = time.Date(now.Year(), month.Month(), day, h, m, 0, 0, now.Location()); at.Day() != day {
			s.Print("% Invalid date\n")
			return 0, false
		}
		if !at.After(now) {
			at = at.AddDate(1, 0, 0)
		}
	}
	const longest = 24 * 24 * time.Hour
	if h > 23 || at.Sub(now) > longest {
		s.Print("% Invalid time\n")
		return 0, false
	}
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at.Sub(now), true
}

// span is a time as reload says it.
func span(d time.Duration) string {
	d = d.Round(time.Minute)
	h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
	plural := func(n int, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case h == 0:
		return plural(m, "minute")
	case m == 0:
		return plural(h, "hour")
	}
	return plural(h, "hour") + " and " + plural(m, "minute")
}

// arm schedules a reload in the place of one that there may be.
func (d *Device) arm(in time.Duration, who, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up || d.base.Err() != nil {
		return
	}
	d.cancelReload()
	ctx, cancel := context.WithCancel(d.life)
	d.reload = &schedule{time.Now().Add(in), who, reason, cancel}
	d.wg.Go(func() { d.countdown(ctx, in, who, reason) })
}

// countdown warns five minutes and one minute before, and reloads.
func (d *Device) countdown(ctx context.Context, in time.Duration, who, reason string) {
	for _, warn := range []time.Duration{5 * time.Minute, time.Minute, 0} {
		if in < warn {
			continue
		}
		t := time.NewTimer(in - warn)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		in = warn
		if warn > 0 {
			d.broadcast(fmt.Sprintf("\n\n\n\a***\n*** --- SHUTDOWN in 0:0%d:00 ---\n***\n", int(warn/time.Minute)))
		}
	}
	d.Message("%%SYS-5-RELOAD: Reload requested by %s. Reload Reason: %s.", who, reason)
	d.goDown("reload")
}

// cancelReload forgets a scheduled reload. The caller holds the lock.
func (d *Device) cancelReload() bool {
	if d.reload == nil {
		return false
	}
	d.reload.cancel()
	d.reload = nil
	return true
}

func reloadCancel(s *session, _ args, _ io.Writer) error {
	s.d.mu.Lock()
	was := s.d.cancelReload()
	s.d.mu.Unlock()
	if !was {
		s.Print("%No reload is scheduled.\n")
		return nil
	}
	s.d.broadcast("\n***\n*** --- SHUTDOWN ABORTED ---\n***\n")
	s.Flush()
	return nil
}

func showReload(s *session, _ args, w io.Writer) error {
	s.d.mu.Lock()
	r := s.d.reload
	s.d.mu.Unlock()
	if r == nil {
		fmt.Fprint(w, "No reload is scheduled.\n")
		return nil
	}
	left := time.Until(r.at)
	io.WriteString(w, s.d.planned(s.d.now().Add(left), left, r.who, r.reason))
	return nil
}

// clockSetCommand sets the device's own clock.
func clockSetCommand(s *session, a args, _ io.Writer) error {
	text := fmt.Sprintf("%s %s %s %s", a["time"], a["day"], a["month"], a["year"])
	for _, layout := range []string{"15:04:05 2 Jan 2006", "15:04:05 2 January 2006", "15:04 2 Jan 2006", "15:04 2 January 2006"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		d := s.d
		d.mu.Lock()
		old := d.clock()
		d.skew, d.clockSet = time.Until(t), true
		d.mu.Unlock()
		d.Message("%%SYS-6-CLOCKUPDATE: System clock has been updated from %s to %s, configured from console by %s.", show.Stamp(old), show.Stamp(t.UTC()), s.who())
		return nil
	}
	s.Print("% Invalid time or date\n")
	return nil
}
