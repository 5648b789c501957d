package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/line"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/scpd"
	"dray/internal/device/iossim/tty"
)

// Access says how somebody has come to a device.
type Access struct {
	Console bool           // else a line of its vty
	SSH     bool           // else telnet
	Remote  netip.AddrPort // of the peer; zero for the console
	Local   netip.AddrPort // of the device
	User    string         // who has logged in already; "" lets the device ask
	Level   int            // of User
	Command string         // to run instead of a shell; "" for none
}

// What ends the work of a session, besides what tty has.
var (
	errLogout = errors.New("logged out")
	errNoLine = errors.New("iossim: all lines are in use")
)

// session is somebody at a terminal.
type session struct {
	*tty.Terminal
	d       *Device
	access  Access
	vty     int
	life    context.Context // of the device, when the session began
	end     context.CancelFunc
	monitor atomic.Bool // terminal monitor

	user    string
	here    place.Place // the directory of cd; the zero value is the flash itself
	history line.History
	past    line.History    // of configuration mode
	config  *configure.Mode // nil outside configuration mode
}

// Serve lets somebody work at a terminal until he leaves, the device goes down (but for
// the console, which sees it boot) or ctx ends. It closes the terminal. An error is why
// nobody could work there at all; that somebody hangs up is none.
func (d *Device) Serve(ctx context.Context, rw io.ReadWriteCloser, a Access) error {
	if scpd.Is(a.Command) {
		if _, ok := d.get("ip scp server enable"); !ok || a.Level < 15 {
			scpd.Refuse(rw)
		} else {
			scpd.Serve(rw, a.Command, scpd.Files{System: d.sys(), Now: d.now, Running: d.runningText})
		}
		return rw.Close()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.base, cancel)()
	s := &session{Terminal: tty.New(ctx, rw), d: d, access: a, end: cancel, user: a.User}
	s.Hang, s.Synchronous, s.Confirming = d.set.Faults.Hang, s.synchronous, s.confirming
	if err := s.seat(); err != nil {
		return errors.Join(err, rw.Close())
	}
	d.join(s)
	defer d.leave(s)
	var reader sync.WaitGroup
	reader.Go(func() { s.Listen(ctx) })
	defer reader.Wait()
	defer rw.Close()
	defer cancel()
	if a.Console {
		s.atConsole()
		return nil
	}
	defer context.AfterFunc(s.life, cancel)()
	_ = s.work() // why somebody left matters to nobody
	return nil
}

// seat finds a free line.
func (s *session) seat() error {
	if s.access.Console {
		return nil
	}
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up {
		return errNoLine
	}
	s.life = d.life
	for n := range d.lines() {
		if d.vtys[n] == nil {
			d.vtys[n], s.vty = s, n
			return nil
		}
	}
	return errNoLine
}

// lines is how many lines the configuration has for the network. The caller holds the lock.
func (d *Device) lines() (n int) {
	for _, l := range d.running.Heads("line vty") {
		words := strings.Fields(l.Text)
		last, _ := strconv.Atoi(words[len(words)-1])
		n = max(n, last+1)
	}
	return n
}

// monitors reports whether log messages are shown here.
func (s *session) monitors(consoleSilent bool) bool {
	return s.monitor.Load() || s.access.Console && !consoleSilent
}

func (s *session) synchronous() bool {
	_, ok := s.lineSetting("logging synchronous")
	return ok
}

// configurer takes commands into the running-config.
func (s *session) configurer() *configure.Mode {
	c := s.d.configurer(nil)
	c.Who = s.who()
	return c
}

// confirming is a fault: a log message comes in the middle of each [confirm].
func (s *session) confirming() {
	if s.d.set.Faults.LogAtPrompt {
		s.d.Message("%%SYS-5-CONFIG_I: Configured from console by console")
		s.Interrupt("*" + s.d.now().Format("Jan _2 15:04:05.000") + ": %LINK-3-UPDOWN: Interface " + s.d.model.Interfaces[1] + ", changed state to up\n")
	}
}

// lineSetting finds a setting of the session's line.
func (s *session) lineSetting(key string) (string, bool) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.access.Console {
		return s.d.running.Below("line con 0", key)
	}
	for _, l := range s.d.running.Heads("line vty") {
		var first, last int
		if n, _ := fmt.Sscanf(l.Text, "line vty %d %d", &first, &last); n == 1 {
			last = first
		}
		if s.vty < first || s.vty > last {
			continue
		}
		if rest, ok := s.d.running.Below(l.Text, key); ok {
			return rest, true
		}
	}
	return "", false
}

// timeout is how long the line may be idle; 0 means for ever.
func (s *session) timeout() time.Duration {
	rest, ok := s.lineSetting("exec-timeout")
	if !ok {
		return 10 * time.Minute
	}
	words := strings.Fields(rest + " 0")
	minutes, _ := strconv.Atoi(words[0])
	seconds, _ := strconv.Atoi(words[1])
	return time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}
