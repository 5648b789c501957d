// Package event says what happened: a log-in, a transfer, a refusal, a fault. The servers
// emit events; a [Sink] does something with them.
package event

import (
	"net/netip"
	"time"
)

// Kind is what an event is about.
type Kind string

// The kinds of event.
const (
	Login    Kind = "login"    // somebody logged in, or was refused
	Transfer Kind = "transfer" // a file went in or out, whole or not
	Change   Kind = "change"   // a name was made, moved or removed
	Lookup   Kind = "lookup"   // a name was asked for in vain
	Fault    Kind = "fault"    // something broke that a person should look at
)

// Event is one thing that happened. Fields that do not apply are zero.
type Event struct {
	Kind     Kind
	Protocol string         // "ftp", "tftp"
	Session  string         // tells the sessions of one run apart
	Remote   netip.AddrPort // the peer
	TLS      string         // of a log-in: the version, such as "TLS 1.3", or "none"; "" where there is no such question
	User     string
	Op       string        // "read", "write", "mkdir", "delete", "rename", "stat", …
	Path     string        // as the peer sees it
	To       string        // the target of a rename
	Bytes    int64         // that went over the wire as content
	Duration time.Duration // from request to end
	Detail   string        // in words, such as the options a TFTP peer negotiated
	Err      error         // nil means that it worked
}

// Sink takes events. Emit never blocks and never fails; it may be called from any goroutine.
type Sink interface {
	Emit(e Event)
}
