package sftp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Request is what a client asks. Which fields mean anything follows from the type, and
// from the name of an Extended.
type Request struct {
	Type      Type
	ID        uint32
	Extension string // the name of an Extended
	Path      string // the only path, or the first: what is renamed, what a link points to
	Target    string // the second path: the new name, the link that is made
	Handle    string
	Flags     Flags  // of OPEN
	Attrs     Attrs  // of OPEN, MKDIR, SETSTAT, FSETSTAT, lsetstat
	Offset    uint64 // where READ, WRITE, copy-data and check-file begin
	Length    uint64 // how much READ, copy-data and check-file want
	Data      []byte // of WRITE, a part of the packet; of Extended, what follows the name

	WriteHandle string // of copy-data
	WriteOffset uint64 // of copy-data
	Algorithms  string // of check-file, with commas between
	BlockSize   uint32 // of check-file, 0 for one digest of all
	UIDs, GIDs  []byte // of users-groups-by-id, four octets each
}

// field is one field of a request, both ways.
type field struct {
	parse  func(f *Fields, r *Request)
	append func(b []byte, r *Request) []byte
}

func text(at func(r *Request) *string) field {
	return field{
		func(f *Fields, r *Request) { *at(r) = f.String() },
		func(b []byte, r *Request) []byte { return AppendString(b, *at(r)) },
	}
}

func octets(at func(r *Request) *[]byte) field {
	return field{
		func(f *Fields, r *Request) { *at(r) = f.Bytes() },
		func(b []byte, r *Request) []byte { return AppendString(b, string(*at(r))) },
	}
}

func number(at func(r *Request) *uint64) field {
	return field{
		func(f *Fields, r *Request) { *at(r) = f.Uint64() },
		func(b []byte, r *Request) []byte { return binary.BigEndian.AppendUint64(b, *at(r)) },
	}
}

func pathField() field   { return text(func(r *Request) *string { return &r.Path }) }
func targetField() field { return text(func(r *Request) *string { return &r.Target }) }
func handleField() field { return text(func(r *Request) *string { return &r.Handle }) }
func offsetField() field { return number(func(r *Request) *uint64 { return &r.Offset }) }
func lengthField() field { return number(func(r *Request) *uint64 { return &r.Length }) }

func attrsField() field {
	return field{
		func(f *Fields, r *Request) { r.Attrs = f.Attrs() },
		func(b []byte, r *Request) []byte { return r.Attrs.Append(b) },
	}
}

func flagsField() field {
	return field{
		func(f *Fields, r *Request) { r.Flags = Flags(f.Uint32()) },
		func(b []byte, r *Request) []byte { return binary.BigEndian.AppendUint32(b, uint32(r.Flags)) },
	}
}

// shortLength is the length in READ, which has 32 bits.
func shortLength() field {
	return field{
		func(f *Fields, r *Request) { r.Length = uint64(f.Uint32()) },
		func(b []byte, r *Request) []byte { return binary.BigEndian.AppendUint32(b, uint32(r.Length)) },
	}
}

func blockSize() field {
	return field{
		func(f *Fields, r *Request) { r.BlockSize = f.Uint32() },
		func(b []byte, r *Request) []byte { return binary.BigEndian.AppendUint32(b, r.BlockSize) },
	}
}

// layout returns the fields of a type, in order, and whether the type is known.
func layout(t Type) ([]field, bool) {
	switch t {
	case Open:
		return []field{pathField(), flagsField(), attrsField()}, true
	case Close, FStat, ReadDir:
		return []field{handleField()}, true
	case Read:
		return []field{handleField(), offsetField(), shortLength()}, true
	case Write:
		return []field{handleField(), offsetField(), octets(func(r *Request) *[]byte { return &r.Data })}, true
	case LStat, OpenDir, Remove, Rmdir, RealPath, Stat, ReadLink:
		return []field{pathField()}, true
	case SetStat, Mkdir:
		return []field{pathField(), attrsField()}, true
	case FSetStat:
		return []field{handleField(), attrsField()}, true
	case Rename, Symlink:
		return []field{pathField(), targetField()}, true
	}
	return nil, false
}

// The names of the extensions that are read.
const (
	ExtPosixRename = "posix-rename@openssh.com"
	ExtHardlink    = "hardlink@openssh.com"
	ExtStatVFS     = "statvfs@openssh.com"
	ExtFStatVFS    = "fstatvfs@openssh.com"
	ExtFSync       = "fsync@openssh.com"
	ExtLSetStat    = "lsetstat@openssh.com"
	ExtLimits      = "limits@openssh.com"
	ExtExpandPath  = "expand-path@openssh.com"
	ExtHome        = "home-directory"
	ExtCopyData    = "copy-data"
	ExtUsersGroups = "users-groups-by-id@openssh.com"
	ExtCheckFile   = "check-file" // as VERSION names it, and a request by handle to paramiko
	ExtCheckHandle = "check-file-handle"
	ExtCheckName   = "check-file-name"
)

// Extensions returns the names of the extensions that are read: no other is known.
func Extensions() []string {
	return []string{
		ExtPosixRename, ExtHardlink, ExtStatVFS, ExtFStatVFS, ExtFSync, ExtLSetStat, ExtLimits, ExtExpandPath, ExtHome,
		ExtCopyData, ExtUsersGroups, ExtCheckFile, ExtCheckHandle, ExtCheckName,
	}
}

// extension returns the fields of an extension, in order, and whether it is known.
func extension(name string) ([]field, bool) {
	if !slices.Contains(Extensions(), name) {
		return nil, false
	}
	algorithms := text(func(r *Request) *string { return &r.Algorithms })
	switch name {
	case ExtPosixRename, ExtHardlink:
		return []field{pathField(), targetField()}, true
	case ExtStatVFS, ExtExpandPath, ExtHome:
		return []field{pathField()}, true
	case ExtFStatVFS, ExtFSync:
		return []field{handleField()}, true
	case ExtLSetStat:
		return []field{pathField(), attrsField()}, true
	case ExtLimits:
		return nil, true
	case ExtCopyData:
		return []field{
			handleField(), offsetField(), lengthField(),
			text(func(r *Request) *string { return &r.WriteHandle }),
			number(func(r *Request) *uint64 { return &r.WriteOffset }),
		}, true
	case ExtUsersGroups:
		return []field{
			octets(func(r *Request) *[]byte { return &r.UIDs }),
			octets(func(r *Request) *[]byte { return &r.GIDs }),
		}, true
	case ExtCheckFile, ExtCheckHandle:
		return []field{handleField(), algorithms, offsetField(), lengthField(), blockSize()}, true
	case ExtCheckName:
		return []field{pathField(), algorithms, offsetField(), lengthField(), blockSize()}, true
	}
	return nil, false
}

// UnknownError is a request that has a type or an extension that is not known. It can be
// answered, by its ID, with Unsupported.
type UnknownError struct{ Request Request }

func (e *UnknownError) Error() string {
	if e.Request.Type == Extended {
		return fmt.Sprintf("sftp: unknown extension %q", e.Request.Extension)
	}
	return fmt.Sprintf("sftp: unknown request type %d", e.Request.Type)
}

// ParseRequest reads a request. What follows its last field is ignored. The error is
// ErrShort, with all of the request that could be read, or an [*UnknownError]. Data, UIDs
// and GIDs stay parts of b.
func ParseRequest(b []byte) (Request, error) {
	f := NewFields(b)
	r := Request{Type: Type(f.Byte()), ID: f.Uint32()}
	if f.Err != nil {
		return r, f.Err
	}
	fields, known := layout(r.Type)
	if r.Type == Extended {
		r.Extension = f.String()
		fields, known = extension(r.Extension)
		r.Data = f.Rest()
	}
	if f.Err == nil && !known {
		return r, &UnknownError{r}
	}
	for _, field := range fields {
		field.parse(f, &r)
	}
	return r, f.Err
}

// Append appends the request as it stands on the wire, its length in front. An extension
// that is not known is followed by its Data.
func (r *Request) Append(b []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, byte(r.Type))
	b = binary.BigEndian.AppendUint32(b, r.ID)
	fields, _ := layout(r.Type)
	if r.Type == Extended {
		b = AppendString(b, r.Extension)
		known := false
		if fields, known = extension(r.Extension); !known {
			b = append(b, r.Data...)
		}
	}
	for _, field := range fields {
		b = field.append(b, r)
	}
	return finish(b, start)
}

// finish writes the length in front of the packet that begins at start.
func finish(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}
