// Package sftp is the SSH file transfer protocol, version 3
// (draft-ietf-secsh-filexfer-02), as OpenSSH speaks it: packets, attributes, status codes
// and the extensions of OpenSSH's PROTOCOL document, besides check-file of version 6
// (draft-ietf-secsh-filexfer-extensions-00). The two paths of SYMLINK are in OpenSSH's
// order.
//
// It reads and writes octets in memory and opens nothing. A packet here is what follows
// its length on the wire. Versions 4 to 6 are not spoken.
package sftp

// Version is the version of the protocol.
const Version = 3

// Sizes of packets on the wire, their length not included, in octets.
const (
	MaxPacket = 256 << 10         // the longest packet that is taken or sent
	MaxData   = MaxPacket - 1<<10 // the most content that one READ or WRITE moves
	MaxHandle = 256               // of a handle
	headerLen = 1 + 4             // type and request ID
	dataAt    = 4 + headerLen + 4 // where content begins in a DATA packet, its length included
)

// Type tells packets apart.
type Type byte

// The types of packets.
const (
	Init     Type = 1
	Ver      Type = 2
	Open     Type = 3
	Close    Type = 4
	Read     Type = 5
	Write    Type = 6
	LStat    Type = 7
	FStat    Type = 8
	SetStat  Type = 9
	FSetStat Type = 10
	OpenDir  Type = 11
	ReadDir  Type = 12
	Remove   Type = 13
	Mkdir    Type = 14
	Rmdir    Type = 15
	RealPath Type = 16
	Stat     Type = 17
	Rename   Type = 18
	ReadLink Type = 19
	Symlink  Type = 20
	StatusOf Type = 101
	Handle   Type = 102
	Data     Type = 103
	Name     Type = 104
	AttrsOf  Type = 105
	Extended Type = 200
	Reply    Type = 201 // to an Extended
)

// Status is the outcome of a request.
type Status uint32

// The outcomes of version 3.
const (
	OK               Status = 0
	EOF              Status = 1
	NoSuchFile       Status = 2
	PermissionDenied Status = 3
	Failure          Status = 4
	BadMessage       Status = 5
	Unsupported      Status = 8
)

// Flags say how OPEN opens.
type Flags uint32

// The flags of OPEN.
const (
	FlagRead Flags = 1 << iota
	FlagWrite
	FlagAppend
	FlagCreate
	FlagTruncate
	FlagExclusive
)
