package ftp

// Octets of the Telnet protocol (RFC 854).
const (
	se   = 0xf0 // end of a subnegotiation; every Telnet command is this or above
	sb   = 0xfa // begin of a subnegotiation
	will = 0xfb
	wont = 0xfc
	do   = 0xfd
	dont = 0xfe
	iac  = 0xff
)

// Telnet takes the Telnet sequences out of a control connection (RFC 959, section 5.3;
// RFC 1123, section 4.1.2.12): an interrupt or a data mark before ABOR, an option
// that a Telnet client offers. A doubled IAC is the octet 0xFF. Sequences may be cut
// anywhere between calls. The zero value is ready.
type Telnet struct {
	state telnetState
	verb  byte // will, wont, do or dont while its option is awaited
}

type telnetState uint8

const (
	inText   telnetState = iota
	afterIAC             // the command octet follows
	atOption             // the option octet follows
	inSub                // within a subnegotiation
	inSubIAC             // an IAC within a subnegotiation
)

// Filter removes the sequences from b, in place, and returns what is left. Options are
// all refused: answer is what has to be sent for that, at most as long as b.
func (t *Telnet) Filter(b []byte) (text, answer []byte) {
	text = b[:0]
	for _, c := range b {
		switch t.state {
		case inText:
			if c == iac {
				t.state = afterIAC
			} else {
				text = append(text, c)
			}
		case afterIAC:
			t.state = inText
			switch c {
			case iac:
				text = append(text, iac)
			case will, wont, do, dont:
				t.state, t.verb = atOption, c
			case sb:
				t.state = inSub
			}
		case atOption:
			t.state = inText
			switch t.verb {
			case will:
				answer = append(answer, iac, dont, c)
			case do:
				answer = append(answer, iac, wont, c)
			}
		case inSub:
			if c == iac {
				t.state = inSubIAC
			}
		case inSubIAC:
			t.state = inSub
			if c == se {
				t.state = inText
			}
		}
	}
	return text, answer
}
