package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"dray/internal/event"
)

// digest is the hash of a line.
type digest [sha256.Size]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// Head is a place in the trail: all lines up to it are there, and are what they were, if the
// line of this number has this hash.
type Head struct {
	Seq  int64
	hash digest
}

func (h Head) String() string { return fmt.Sprintf("%d:%v", h.Seq, h.hash) }

// ParseHead reads what String has written.
func ParseHead(s string) (h Head, err error) {
	seq, hash, found := bytes.Cut([]byte(s), []byte(":"))
	h.Seq, err = strconv.ParseInt(string(seq), 10, 64)
	n, wrong := hex.Decode(h.hash[:], hash[:min(len(hash), 2*len(h.hash))])
	if !found || err != nil || wrong != nil || n != len(h.hash) || len(hash) != 2*n || h.Seq < 0 {
		return Head{}, fmt.Errorf("%q: want NUMBER:HASH, as dray audit verify prints it", s)
	}
	return h, nil
}

// sum is the hash of a line without its hash: HMAC-SHA-256 under the key, or without one
// SHA-256.
func sum(key, line []byte) (d digest) {
	if len(key) == 0 {
		return sha256.Sum256(line)
	}
	m := hmac.New(sha256.New, key)
	m.Write(line)
	m.Sum(d[:0])
	return d
}

// seal ends a line, so that nobody can change it unseen: what stands before the hash is what
// is hashed, and the hash of the line before is in it.
const seal = `,"hash":"`

// appendLine appends the line after prev, and returns its head.
func appendLine(b, key []byte, prev Head, at time.Time, name string, fields []slog.Attr) ([]byte, Head) {
	begun, h := len(b), Head{Seq: prev.Seq + 1}
	b = append(b, `{"seq":`...)
	b = strconv.AppendInt(b, h.Seq, 10)
	b = append(b, `,"time":"`...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","prev":"`...)
	b = hex.AppendEncode(b, prev.hash[:])
	b = append(b, '"')
	b = appendText(b, "event", name)
	for _, f := range fields {
		switch f.Value.Kind() {
		case slog.KindInt64:
			b = append(appendKey(b, f.Key), strconv.FormatInt(f.Value.Int64(), 10)...)
		case slog.KindFloat64:
			b = strconv.AppendFloat(appendKey(b, f.Key), f.Value.Float64(), 'f', -1, 64)
		default:
			b = appendText(b, f.Key, event.Escape(f.Value.String()))
		}
	}
	h.hash = sum(key, b[begun:])
	b = append(b, seal...)
	b = hex.AppendEncode(b, h.hash[:])
	return append(b, '"', '}', '\n'), h
}

func appendKey(b []byte, key string) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	return append(b, `":`...)
}

// appendText appends a text that prints.
func appendText(b []byte, key, text string) []byte {
	b = append(appendKey(b, key), '"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, text[i])
	}
	return append(b, '"')
}

// line is what the chain needs of one.
type line struct {
	Seq   int64
	Time  time.Time
	Prev  string
	Event string
	Op    string
	Count int64
	Keyed string // of the first line of a run or file: whether there is a key

	hash digest // as written
}

var (
	errNoLine  = errors.New("it is no line of a trail")
	errChanged = errors.New("its hash does not fit: it was changed")
)

// parseLine reads a line without its line end. With errChanged the line is what is written.
func parseLine(text, key []byte) (l line, err error) {
	const end = len(seal) + 2*sha256.Size + len(`"}`)
	at := len(text) - end
	if at < 0 || string(text[at:at+len(seal)]) != seal || string(text[len(text)-2:]) != `"}` {
		return l, errNoLine
	}
	if _, err := hex.Decode(l.hash[:], text[at+len(seal):len(text)-2]); err != nil {
		return l, errNoLine
	}
	if err := json.Unmarshal(text, &l); err != nil || l.Seq < 1 {
		return l, errNoLine
	}
	if sum(key, text[:at]) != l.hash {
		return l, errChanged
	}
	return l, nil
}

func (l line) head() Head { return Head{l.Seq, l.hash} }
