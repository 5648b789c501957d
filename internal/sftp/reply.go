package sftp

import "encoding/binary"

// Each of these appends a packet as it stands on the wire, its length in front.

func begin(b []byte, t Type, id uint32) []byte {
	b = append(b, 0, 0, 0, 0, byte(t))
	return binary.BigEndian.AppendUint32(b, id)
}

// Ext is an extension as VERSION names it.
type Ext struct{ Name, Value string }

// AppendVersion appends what a server begins with.
func AppendVersion(b []byte, extensions []Ext) []byte {
	start := len(b)
	b = begin(b, Ver, Version)
	for _, e := range extensions {
		b = AppendString(AppendString(b, e.Name), e.Value)
	}
	return finish(b, start)
}

// AppendStatus appends an outcome with what it means in words.
func AppendStatus(b []byte, id uint32, s Status, message string) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(begin(b, StatusOf, id), uint32(s))
	return finish(AppendString(AppendString(b, message), "en"), start)
}

// AppendHandle appends a handle.
func AppendHandle(b []byte, id uint32, handle string) []byte {
	start := len(b)
	return finish(AppendString(begin(b, Handle, id), handle), start)
}

// AppendAttrs appends attributes as a reply.
func AppendAttrs(b []byte, id uint32, a Attrs) []byte {
	start := len(b)
	return finish(a.Append(begin(b, AttrsOf, id)), start)
}

// AppendReply appends the answer to an extension.
func AppendReply(b []byte, id uint32, body []byte) []byte {
	start := len(b)
	return finish(append(begin(b, Reply, id), body...), start)
}

// Entry is a name with what it stands for.
type Entry struct {
	Name  string
	Long  string // a line as ls -l prints it
	Attrs Attrs
}

// Size is how many octets the entry takes in a reply.
func (e Entry) Size() int { return 4 + len(e.Name) + 4 + len(e.Long) + 32 }

// AppendNames appends names as a reply.
func AppendNames(b []byte, id uint32, entries ...Entry) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(begin(b, Name, id), uint32(len(entries)))
	for _, e := range entries {
		b = e.Attrs.Append(AppendString(AppendString(b, e.Name), e.Long))
	}
	return finish(b, start)
}

// DataSpace returns the part of b, an empty buffer with room for a DATA packet, into which
// n octets of content are to be read. [FinishData] makes the packet of it, so that
// content is never copied.
func DataSpace(b []byte, n int) []byte { return b[dataAt : dataAt+n] }

// DataRoom is how long a buffer for a DATA packet of n octets must be.
func DataRoom(n int) int { return dataAt + n }

// FinishData returns the DATA packet in b whose n octets of content are in place.
func FinishData(b []byte, id uint32, n int) []byte {
	head := binary.BigEndian.AppendUint32(begin(b[:0], Data, id), uint32(n))
	return finish(b[:len(head)+n], 0)
}
