package sftp

import (
	"encoding/binary"
	"errors"
)

// ErrShort is a packet that ends before its fields do, or whose lengths lead out of it.
var ErrShort = errors.New("sftp: packet too short")

// Fields reads the fields of a packet, one after the other. After the first that is not
// there, all are zero and Err says so. Nothing is allocated by a length that the packet
// claims.
type Fields struct {
	rest []byte
	Err  error
}

// NewFields reads from b, which strings of octets are parts of.
func NewFields(b []byte) *Fields { return &Fields{rest: b} }

func (f *Fields) take(n uint64) []byte {
	if f.Err != nil || uint64(len(f.rest)) < n {
		f.Err = ErrShort
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

// Byte reads an octet.
func (f *Fields) Byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint32 reads a number.
func (f *Fields) Uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads a number.
func (f *Fields) Uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Bytes reads a string, as a part of the packet.
func (f *Fields) Bytes() []byte { return f.take(uint64(f.Uint32())) }

// String reads a string.
func (f *Fields) String() string { return string(f.Bytes()) }

// Rest returns what has not been read.
func (f *Fields) Rest() []byte { return f.rest }

// AppendString appends a string with its length.
func AppendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// AttrFlags say which attributes there are.
type AttrFlags uint32

// The attributes of version 3.
const (
	AttrSize     AttrFlags = 1 << iota
	AttrOwner              // UID and GID
	AttrMode               // type and permissions
	AttrTimes              // ATime and MTime
	AttrExtended AttrFlags = 1 << 31
)

// The types of files in Attrs.Mode, and all that is permission.
const (
	ModeType    uint32 = 0o170000
	ModeDir     uint32 = 0o040000
	ModeRegular uint32 = 0o100000
	ModePerm    uint32 = 0o007777
)

// Attrs describes a file. Only what Flags names means anything.
type Attrs struct {
	Flags    AttrFlags
	Size     uint64
	UID, GID uint32
	Mode     uint32 // type and permissions as POSIX has them
	ATime    uint32 // in seconds since 1970
	MTime    uint32
}

// Attrs reads attributes; those that are extended are skipped.
func (f *Fields) Attrs() Attrs {
	a := Attrs{Flags: AttrFlags(f.Uint32())}
	if a.Flags&AttrSize != 0 {
		a.Size = f.Uint64()
	}
	if a.Flags&AttrOwner != 0 {
		a.UID, a.GID = f.Uint32(), f.Uint32()
	}
	if a.Flags&AttrMode != 0 {
		a.Mode = f.Uint32()
	}
	if a.Flags&AttrTimes != 0 {
		a.ATime, a.MTime = f.Uint32(), f.Uint32()
	}
	if a.Flags&AttrExtended != 0 {
		for n := f.Uint32(); n > 0 && f.Err == nil; n-- {
			f.Bytes()
			f.Bytes()
		}
	}
	a.Flags &= AttrSize | AttrOwner | AttrMode | AttrTimes
	return a
}

// Append appends the attributes as they stand on the wire.
func (a Attrs) Append(b []byte) []byte {
	flags := a.Flags & (AttrSize | AttrOwner | AttrMode | AttrTimes)
	b = binary.BigEndian.AppendUint32(b, uint32(flags))
	if flags&AttrSize != 0 {
		b = binary.BigEndian.AppendUint64(b, a.Size)
	}
	if flags&AttrOwner != 0 {
		b = binary.BigEndian.AppendUint32(b, a.UID)
		b = binary.BigEndian.AppendUint32(b, a.GID)
	}
	if flags&AttrMode != 0 {
		b = binary.BigEndian.AppendUint32(b, a.Mode)
	}
	if flags&AttrTimes != 0 {
		b = binary.BigEndian.AppendUint32(b, a.ATime)
		b = binary.BigEndian.AppendUint32(b, a.MTime)
	}
	return b
}
