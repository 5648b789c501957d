// Package term works at the prompt of a network device: it knows what the device asks, what
// Enter would mean there, and answers nothing that it does not know.
//
// [Scanner] is pure: octets in, events out, with no clock and no I/O. [Questions] is the
// table of what may be asked. [Session] holds both over any stream, with a limit on silence
// and another one on the whole. A question that is not in the table ends the session and is
// shown; what would erase, format or squeeze a file system is answered with no, always; Enter
// is sent only where the table says what Enter means.
//
// It does not dial, knows no command but those that set up a terminal, and does not say what
// output means.
package term
