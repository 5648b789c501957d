// Package tftp is both ends of the Trivial File Transfer Protocol: [Server] and [Client],
// and the packets, options and transfer machines that they share.
//
// It implements RFC 1350 with the Sorcerer's Apprentice fix and the adaptive timers of
// RFC 1123 §4.2.3, the options of RFC 2347, 2348, 2349 and 7440, the block number
// rollover and the microsecond timeout that are in common use, and tftp URLs (RFC 3617).
// Not implemented: mail mode and multicast (RFC 2090).
//
// It opens no files: a server is given its files by a [Handler]. It never answers
// anything but a request on its listening port, and it never answers an ERROR. A peer that
// has not yet shown that it is there gets two packets for its request, and one for each
// time that it asks again.
package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Limits of the protocol.
const (
	MinBlockSize     = 8     // RFC 2348
	MaxBlockSize     = 65464 // RFC 2348
	DefaultBlockSize = 512   // RFC 1350 §2
	MaxName          = 512   // longest file name that is understood, in octets

	headerSize = 4 // of DATA: opcode and block number
)

// Packet is one of [RRQ], [WRQ], [Data], [Ack], [*Error] and [OACK].
type Packet interface {
	// Append appends the wire form of the packet to b.
	Append(b []byte) []byte
	packet()
}

// RRQ asks to read a file (RFC 1350 §5). A NUL in the name would end it.
type RRQ struct {
	Name    string
	Mode    Mode
	Options Options
}

// WRQ asks to write a file (RFC 1350 §5).
type WRQ struct {
	Name    string
	Mode    Mode
	Options Options
}

// Data is one block of a file; one shorter than the block size is the last (RFC 1350 §5).
type Data struct {
	Block   uint16
	Payload []byte
}

// Ack acknowledges a block, and with it all blocks before (RFC 1350 §5, RFC 7440 §4).
type Ack struct {
	Block uint16
}

// OACK answers a request with the options that its receiver accepts (RFC 2347).
type OACK struct {
	Options Options
}

// Mode is how a file travels. The zero value is Octet.
type Mode uint8

// The transfer modes (RFC 1350 §1).
const (
	Octet    Mode = iota // as it is
	NetASCII             // text with CR LF between lines
)

// String returns the name on the wire, in lower case.
func (m Mode) String() string {
	if m == NetASCII {
		return "netascii"
	}
	return "octet"
}

// ParseMode understands "octet" and "netascii" in any case.
func ParseMode(s string) (Mode, error) {
	switch {
	case strings.EqualFold(s, "octet"):
		return Octet, nil
	case strings.EqualFold(s, "netascii"):
		return NetASCII, nil
	}
	return 0, &Error{Code: CodeIllegal, Message: "unknown transfer mode"}
}

type opcode uint16

const (
	opRRQ opcode = 1 + iota
	opWRQ
	opDATA
	opACK
	opERROR
	opOACK
)

// errNoise is what Parse says of a datagram that must be met with silence.
var errNoise = errors.New("tftp: not a TFTP packet")

// Parse reads a packet. Data.Payload is a part of b. An error that is an [*Error] may be
// sent to the peer, once; any other must be met with silence.
func Parse(b []byte) (Packet, error) {
	op, body, ok := split(b)
	if !ok {
		return nil, errNoise
	}
	switch op {
	case opRRQ:
		name, mode, o, err := parseRequest(body)
		if err != nil {
			return nil, err
		}
		return RRQ{name, mode, o}, nil
	case opWRQ:
		name, mode, o, err := parseRequest(body)
		if err != nil {
			return nil, err
		}
		return WRQ{name, mode, o}, nil
	case opDATA:
		return Data{binary.BigEndian.Uint16(body), body[2:]}, nil
	case opACK:
		return Ack{binary.BigEndian.Uint16(body)}, nil
	case opERROR:
		return parseError(body), nil
	default: // split lets nothing else through
		o, err := parseOACK(body)
		if err != nil {
			return nil, err
		}
		return OACK{o}, nil
	}
}

// split takes the opcode off a packet. Every kind has at least four octets, but an OACK
// that names no option has two.
func split(b []byte) (op opcode, body []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, false
	}
	op, body = opcode(binary.BigEndian.Uint16(b)), b[2:]
	ok = op == opOACK || op >= opRRQ && op <= opERROR && len(body) >= 2
	return op, body, ok
}

// parseRequest reads what follows the opcode of an RRQ or a WRQ. Whatever follows the
// mode and is not a whole option is ignored: boot ROMs pad their requests.
func parseRequest(b []byte) (name string, mode Mode, o Options, err error) {
	name, b, ok := cutString(b)
	switch {
	case !ok:
		return "", 0, o, &Error{Code: CodeIllegal, Message: "malformed request"}
	case name == "":
		return "", 0, o, &Error{Code: CodeIllegal, Message: "file name missing"}
	case len(name) > MaxName:
		return "", 0, o, &Error{Code: CodeIllegal, Message: "file name too long"}
	}
	word, b, ok := cutString(b)
	if !ok {
		return "", 0, o, &Error{Code: CodeIllegal, Message: "malformed request"}
	}
	if mode, err = ParseMode(word); err != nil {
		return "", 0, o, err
	}
	return name, mode, parseOptions(b), nil
}

// parseError reads what follows the opcode of an ERROR. The NUL may be missing.
func parseError(b []byte) *Error {
	text, _, _ := bytes.Cut(b[2:], []byte{0})
	return &Error{Code: Code(binary.BigEndian.Uint16(b)), Message: string(text)}
}

// cutString takes a NUL-terminated string off b.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	head, rest, ok := bytes.Cut(b, []byte{0})
	return string(head), rest, ok
}

func appendString(b []byte, s string) []byte { return append(append(b, s...), 0) }

func appendRequest(b []byte, op opcode, name string, m Mode, o Options) []byte {
	b = appendString(appendOpcode(b, op), name)
	return appendOptions(appendString(b, m.String()), o)
}

func appendOpcode(b []byte, op opcode) []byte { return binary.BigEndian.AppendUint16(b, uint16(op)) }

func appendHeader(b []byte, op opcode, n uint16) []byte {
	return binary.BigEndian.AppendUint16(appendOpcode(b, op), n)
}

// Append implements Packet.
func (p RRQ) Append(b []byte) []byte { return appendRequest(b, opRRQ, p.Name, p.Mode, p.Options) }

// Append implements Packet.
func (p WRQ) Append(b []byte) []byte { return appendRequest(b, opWRQ, p.Name, p.Mode, p.Options) }

// Append implements Packet.
func (p Data) Append(b []byte) []byte { return append(appendHeader(b, opDATA, p.Block), p.Payload...) }

// Append implements Packet.
func (p Ack) Append(b []byte) []byte { return appendHeader(b, opACK, p.Block) }

// Append implements Packet.
func (e *Error) Append(b []byte) []byte {
	return appendString(appendHeader(b, opERROR, uint16(e.Code)), e.Message)
}

// Append implements Packet.
func (p OACK) Append(b []byte) []byte { return appendOptions(appendOpcode(b, opOACK), p.Options) }

func (RRQ) packet()    {}
func (WRQ) packet()    {}
func (Data) packet()   {}
func (Ack) packet()    {}
func (*Error) packet() {}
func (OACK) packet()   {}

func (p RRQ) String() string  { return requestString("RRQ", p.Name, p.Mode, p.Options) }
func (p WRQ) String() string  { return requestString("WRQ", p.Name, p.Mode, p.Options) }
func (p Data) String() string { return fmt.Sprintf("DATA %d %d", p.Block, len(p.Payload)) }
func (p Ack) String() string  { return fmt.Sprintf("ACK %d", p.Block) }
func (p OACK) String() string { return strings.TrimSpace("OACK " + p.Options.String()) }

func requestString(op, name string, m Mode, o Options) string {
	return strings.TrimSpace(fmt.Sprintf("%s %q %s %s", op, name, m, o))
}
