// Package event says what happened: a session, a log-in, a transfer, a refusal, a fault. The
// servers emit events; a [Sink] does something with them.
package event

import (
	"net/netip"
	"time"
)

// Event is one thing that happened: a [Begin], [End], [Login], [Refusal], [Transfer], [Change],
// [Lookup] or [Fault]. There are no others.
type Event interface {
	Kind() Kind
	Whose() Session // of which session
	Failure() error // nil means that it worked
	sealed()
}

// Kind is what an event is about.
type Kind string

// The kinds of event.
const (
	KindBegin    Kind = "begin"    // a session began, and nobody has logged in yet
	KindEnd      Kind = "end"      // a session ended
	KindLogin    Kind = "login"    // somebody logged in, or was refused
	KindRefusal  Kind = "refusal"  // a peer was turned away before it could log in
	KindTransfer Kind = "transfer" // a file went in or out, whole or not
	KindChange   Kind = "change"   // a name was made, moved or removed
	KindLookup   Kind = "lookup"   // a name was asked for in vain
	KindFault    Kind = "fault"    // something broke that a person should look at
)

// Kinds returns all of them.
func Kinds() []Kind {
	return []Kind{KindBegin, KindEnd, KindLogin, KindRefusal, KindTransfer, KindChange, KindLookup, KindFault}
}

// Session is who does something, and from where. Fields that are not known are zero.
type Session struct {
	Protocol string         // "ftp", "sftp", "scp", "tftp"
	ID       string         // tells the sessions of one run apart; "" for TFTP, where each transfer is one
	Remote   netip.AddrPort // the peer
	User     string         // "" before log-in
}

// Whose implements [Event] for all that embed a Session.
func (s Session) Whose() Session { return s }

func (Session) sealed() {}

// Op is what is done to a file or a name.
type Op string

// What is done to content, and to names.
const (
	Read   Op = "read"
	Write  Op = "write"
	Append Op = "append"
	List   Op = "list"
	Hash   Op = "hash"

	Mkdir    Op = "mkdir"
	Rmdir    Op = "rmdir"
	Delete   Op = "delete"
	Rename   Op = "rename"
	SetTimes Op = "settimes"
	SetMode  Op = "setmode"
	SetStat  Op = "setstat"
	Stat     Op = "stat"
)

// Begin is a session that begins.
type Begin struct{ Session }

// End is a session that ends. TFTP has neither Begin nor End.
type End struct {
	Session
	Duration time.Duration
}

// Login is a log-in, or one that was refused. User is whom the peer claims to be.
type Login struct {
	Session
	TLS    string // the version, such as "TLS 1.3", or "none"; "" where there is no such question
	Detail string // in words, such as "by certificate"
	Err    error  // nil: admitted
}

// Reason is why a peer was turned away before it could log in.
type Reason string

// The reasons.
const (
	Banned    Reason = "banned"    // its address is
	Crowded   Reason = "crowded"   // one session more than a limit allows
	Forbidden Reason = "forbidden" // its network is not let in
)

// Refusal is a peer that was turned away before it could log in.
type Refusal struct {
	Session
	Reason Reason
	Quiet  bool   // the same was told of the same address just before: to be counted, and no more
	Detail string // in words, such as which limit
	Err    error  // never nil
}

// quiet reports whether an event is only to be counted.
func quiet(e Event) bool {
	r, ok := e.(Refusal)
	return ok && r.Quiet
}

// Loud is a Sink that leaves out what is only to be counted.
type Loud struct{ Sink }

// Emit implements [Sink].
func (l Loud) Emit(e Event) {
	if !quiet(e) {
		l.Sink.Emit(e)
	}
}

// Transfer is a file that went in or out, whole or not; or a listing, or a digest.
type Transfer struct {
	Session
	Op       Op
	Path     string        // as the peer sees it
	Bytes    int64         // that went over the wire as content
	Duration time.Duration // from request to end
	Text     bool          // line ends were converted, or might have been
	Resent   int           // packets sent again, where the protocol knows
	Detail   string        // in words, such as the options a TFTP peer negotiated
	Err      error         // nil: whole
}

// Change is a name that was made, moved or removed, or an attribute that was set.
type Change struct {
	Session
	Op     Op
	Path   string // as the peer sees it
	To     string // the target of a Rename
	Detail string // in words
	Err    error
}

// Lookup is a name that was asked for in vain.
type Lookup struct {
	Session
	Path    string // as the peer sees it
	Command string // that asked
	Err     error  // never nil
}

// Fault is something that broke and that a person should look at.
type Fault struct {
	Session
	Panic bool  // the program is wrong; Err has the stack
	Err   error // never nil
}

// The rest of [Event].
func (Begin) Kind() Kind    { return KindBegin }
func (End) Kind() Kind      { return KindEnd }
func (Login) Kind() Kind    { return KindLogin }
func (Refusal) Kind() Kind  { return KindRefusal }
func (Transfer) Kind() Kind { return KindTransfer }
func (Change) Kind() Kind   { return KindChange }
func (Lookup) Kind() Kind   { return KindLookup }
func (Fault) Kind() Kind    { return KindFault }

func (Begin) Failure() error      { return nil }
func (End) Failure() error        { return nil }
func (e Login) Failure() error    { return e.Err }
func (e Refusal) Failure() error  { return e.Err }
func (e Transfer) Failure() error { return e.Err }
func (e Change) Failure() error   { return e.Err }
func (e Lookup) Failure() error   { return e.Err }
func (e Fault) Failure() error    { return e.Err }

// Sink takes events. Emit never blocks and never fails; it may be called from any goroutine.
type Sink interface {
	Emit(e Event)
}

// Fanout is a Sink that hands every event to each of several, in their order.
type Fanout []Sink

// Emit implements [Sink].
func (f Fanout) Emit(e Event) {
	for _, s := range f {
		s.Emit(e)
	}
}
