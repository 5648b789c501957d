package tftp

import (
	"context"
	"io"
	"time"
)

// receiving is the side of a transfer that takes DATA.
type receiving struct {
	*exchange
	machine receiver
	file    io.Writer
	finish  func() error          // all is there: store it
	opening []byte                // in place of the first ACK: a server's OACK, a client's RRQ
	first   int64                 // the number of that ACK
	opened  func(g Options) error // a client's: an OACK has come
	report  func(octets int64)
	proved  func() // the peer has answered
	octets  int64  // taken so far, as they travel
	ack     [headerSize]byte
}

// run returns when the file is stored and acknowledged, or when the transfer has ended.
func (t *receiving) run(ctx context.Context) error {
	for {
		if err := t.flush(); err != nil {
			return err
		}
		if t.machine.ended() {
			return t.machine.err
		}
		if err := t.step(ctx); err != nil {
			return err
		}
	}
}

// dally repeats the last ACK for a peer that has missed it (RFC 1350 §6).
func (t *receiving) dally(ctx context.Context) {
	for !t.machine.dallied(time.Now()) {
		if t.step(ctx) != nil || t.flush() != nil {
			return
		}
	}
}

// step waits for a packet or the deadline, and handles it.
func (t *receiving) step(ctx context.Context) error {
	b, now, err := t.next(ctx, t.machine.deadline())
	if err != nil {
		return err
	}
	if b == nil {
		if t.again.Swap(false) {
			t.machine.repeat()
		}
		t.machine.tick(now)
		return nil
	}
	if t.opened != nil {
		if answered, err := t.open(b, now); answered || err != nil {
			return err
		}
	}
	t.machine.recv(b, now)
	if op, _, ok := split(b); ok && op == opERROR && !t.machine.stored {
		t.remote = true
	}
	if err := t.store(now); err != nil {
		return err
	}
	if t.machine.proven && t.proved != nil {
		t.proved()
		t.proved = nil
	}
	return nil
}

// open takes an OACK, the answer to an RRQ.
func (t *receiving) open(b []byte, now time.Time) (answered bool, err error) {
	op, body, ok := split(b)
	if !ok || op != opOACK {
		return false, nil
	}
	granted, err := parseOACK(body)
	if err == nil && t.machine.want == 0 {
		err = t.opened(granted)
	}
	if err != nil {
		return true, err
	}
	t.machine.opened(granted, now)
	return true, nil
}

// store writes what has come in order.
func (t *receiving) store(now time.Time) error {
	for {
		payload, last, ok := t.machine.take(now)
		if !ok {
			return nil
		}
		if _, err := t.file.Write(payload); err != nil {
			return err
		}
		t.octets += int64(len(payload))
		if t.report != nil {
			t.report(t.octets)
		}
		if last {
			if err := t.finish(); err != nil {
				return err
			}
			t.machine.feed(time.Now())
		}
	}
}

// flush sends the ACK that is due.
func (t *receiving) flush() error {
	n, ok := t.machine.poll(time.Now())
	switch {
	case !ok:
		return nil
	case t.opening != nil && n == t.first:
		return t.send(t.opening)
	}
	return t.send(appendHeader(t.ack[:0], opACK, t.machine.rollover.wire(n)))
}
