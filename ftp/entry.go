package ftp

import (
	"io/fs"
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
