package ftp

import (
	"io/fs"
	"strconv"
	"time"
)

// EntryType is the kind of a name in a listing (the "type" fact of RFC 3659, section 7.5.1).
type EntryType uint8

// The types of entry. The zero value is TypeOther, so that an unknown type is never
// taken for a file.
const (
	TypeOther  EntryType = iota // a device, a socket, anything that is neither of the below
	TypeFile                    // a regular file
	TypeDir                     // a directory
	TypeLink                    // a symbolic link
	TypeCurDir                  // the directory being listed itself (MLSD "cdir")
	TypeParent                  // the parent of the directory being listed (MLSD "pdir")
)

// String returns "file", "dir", "link", "cdir", "pdir", or "other".
func (t EntryType) String() string {
	switch t {
	case TypeFile:
		return "file"
	case TypeDir:
		return "dir"
	case TypeLink:
		return "link"
	case TypeCurDir:
		return "cdir"
	case TypeParent:
		return "pdir"
	default:
		return "other"
	}
}

// IsDir reports whether t is a directory of any kind.
func (t EntryType) IsDir() bool { return t == TypeDir || t == TypeCurDir || t == TypeParent }

// Entry is one name in a listing, as LIST, MLST and MLSD show it.
type Entry struct {
	Name    string      // the last element; of a TypeCurDir or MLST answer possibly a whole path
	Type    EntryType   //
	Size    int64       // in octets; -1 means unknown
	ModTime time.Time   // in UTC; zero means unknown
	Mode    fs.FileMode // permission bits only; 0 with HasMode false means unknown
	HasMode bool        //
	Links   uint64      // hard links; 0 means unknown
	Owner   string      // a name or a number; "" means unknown
	Group   string      // a name or a number; "" means unknown
	Unique  string      // the "unique" fact; "" means unknown
	Perm    string      // the "perm" fact; "" means unknown
	Target  string      // what a TypeLink points to; "" means unknown
}

// appendName appends a name with its control bytes as \ooo, so that no name can end a
// line or reach a terminal as an escape sequence. All other bytes stay as they are, a
// backslash included: clients take a name in a listing literally.
func appendName(b []byte, name string) []byte {
	start := 0
	for i := range len(name) {
		if c := name[i]; isControl(c) {
			b = append(b, name[start:i]...)
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
			start = i + 1
		}
	}
	return append(b, name[start:]...)
}

func isControl(c byte) bool { return c < 0x20 || c == 0x7f }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// parseSize reads a count of octets; whatever is none is unknown, -1.
func parseSize(s string) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && isDigits(s) {
		return n
	}
	return -1
}
