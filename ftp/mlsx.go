package ftp

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Facts is a set of the facts that MLST and MLSD tell about an entry (RFC 3659, section 7.5).
type Facts uint16

// The facts, in the order in which they are said.
const (
	FactType Facts = 1 << iota
	FactSize
	FactModify
	FactPerm
	FactUnique
	FactMode // UNIX.mode, octal
	FactUID  // UNIX.uid, when the owner is known as a number
	FactGID  // UNIX.gid, when the group is known as a number

	AllFacts     = FactType | FactSize | FactModify | FactPerm | FactUnique | FactMode | FactUID | FactGID
	DefaultFacts = FactType | FactSize | FactModify | FactPerm | FactUnique | FactMode
)

// name returns the name of a single fact as FEAT spells it.
func (f Facts) name() string {
	switch f {
	case FactType:
		return "type"
	case FactSize:
		return "size"
	case FactModify:
		return "modify"
	case FactPerm:
		return "perm"
	case FactUnique:
		return "unique"
	case FactMode:
		return "UNIX.mode"
	case FactUID:
		return "UNIX.uid"
	default:
		return "UNIX.gid"
	}
}

// String returns the set as the reply to OPTS MLST has it: "type;size;modify;". The
// empty set is "".
func (f Facts) String() string { return f.list(0) }

// Feature returns the set as FEAT has it, with the facts that are on marked:
// "type*;size*;modify;".
func (f Facts) Feature(on Facts) string { return f.list(on) }

func (f Facts) list(starred Facts) string {
	var b strings.Builder
	for fact := FactType; fact <= FactGID; fact <<= 1 {
		if f&fact == 0 {
			continue
		}
		b.WriteString(fact.name())
		if starred&fact != 0 {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// ParseFacts reads the list of OPTS MLST, "type;size;". Case does not matter, and a name
// that is not known is left out, as RFC 3659, section 7.9, wants it.
func ParseFacts(s string) Facts {
	var f Facts
	for name := range strings.SplitSeq(s, ";") {
		for fact := FactType; fact <= FactGID; fact <<= 1 {
			if strings.EqualFold(strings.TrimSpace(name), fact.name()) {
				f |= fact
			}
		}
	}
	return f
}

// AppendFacts appends the entry as one line of MLST or MLSD, without a line end: the
// facts of f that are known, one space, the name (RFC 3659, section 7.2). A value that
// the grammar cannot hold is left out.
func (e Entry) AppendFacts(b []byte, f Facts) []byte {
	if f&FactType != 0 {
		b = append(b, "type="...)
		b = append(b, e.Type.fact()...)
		b = append(b, ';')
	}
	if f&FactSize != 0 && e.Size >= 0 && !e.Type.IsDir() {
		b = append(b, "size="...)
		b = strconv.AppendInt(b, e.Size, 10)
		b = append(b, ';')
	}
	if f&FactModify != 0 && ValidTime(e.ModTime) {
		b = append(b, "modify="...)
		b = AppendTime(b, e.ModTime)
		b = append(b, ';')
	}
	if f&FactPerm != 0 && e.Perm != "" {
		b = appendFact(b, "perm=", e.Perm)
	}
	if f&FactUnique != 0 && e.Unique != "" {
		b = appendFact(b, "unique=", e.Unique)
	}
	if f&FactMode != 0 && e.HasMode {
		mode := e.Mode.Perm()
		b = append(b, "UNIX.mode=0"...)
		b = append(b, '0'+byte(mode>>6), '0'+byte(mode>>3&7), '0'+byte(mode&7), ';')
	}
	if f&FactUID != 0 && isDigits(e.Owner) {
		b = appendFact(b, "UNIX.uid=", e.Owner)
	}
	if f&FactGID != 0 && isDigits(e.Group) {
		b = appendFact(b, "UNIX.gid=", e.Group)
	}
	b = append(b, ' ')
	return appendName(b, e.Name)
}

func appendFact(b []byte, name, value string) []byte {
	for i := range len(value) {
		if c := value[i]; isControl(c) || c == ' ' || c == ';' {
			return b
		}
	}
	b = append(b, name...)
	b = append(b, value...)
	return append(b, ';')
}

// fact returns the value of the "type" fact.
func (t EntryType) fact() string {
	switch t {
	case TypeLink:
		return "OS.unix=symlink"
	case TypeOther:
		return "OS.unix=other"
	default:
		return t.String()
	}
}

// ParseMLSx reads one line of MLSD, or of MLST without its leading space. Facts it does
// not know, and values it cannot read, are skipped: what they would tell stays unknown.
func ParseMLSx(line string) (Entry, error) {
	facts, name, ok := strings.Cut(line, "; ") // the target of a link may hold a space
	if !ok || strings.HasPrefix(line, " ") {
		facts, name, ok = strings.Cut(line, " ")
	}
	if !ok || name == "" {
		return Entry{}, fmt.Errorf("ftp: not a line of facts and a name: %q", line)
	}
	e := Entry{Name: name, Size: -1}
	for fact := range strings.SplitSeq(facts, ";") {
		if fact == "" {
			continue
		}
		key, value, ok := strings.Cut(fact, "=")
		if !ok {
			return Entry{}, fmt.Errorf("ftp: fact %q has no value: %q", fact, line)
		}
		e.setFact(strings.ToLower(key), value)
	}
	return e, nil
}

// setFact takes over one fact. ProFTPD says sizd for the size of a directory, and both
// UNIX.owner and UNIX.ownername; a name is worth more than a number.
func (e *Entry) setFact(key, value string) {
	switch key {
	case "type":
		e.Type, e.Target = parseType(value)
	case "size", "sizd":
		e.Size = parseSize(value)
	case "modify":
		if t, err := ParseTime(value); err == nil {
			e.ModTime = t
		}
	case "perm":
		e.Perm = value
	case "unique":
		e.Unique = value
	case "unix.mode":
		if mode, err := strconv.ParseUint(value, 8, 32); err == nil {
			e.Mode, e.HasMode = fs.FileMode(mode).Perm(), true
		}
	case "unix.ownername":
		e.Owner = value
	case "unix.groupname":
		e.Group = value
	case "unix.uid", "unix.owner":
		if e.Owner == "" {
			e.Owner = value
		}
	case "unix.gid", "unix.group":
		if e.Group == "" {
			e.Group = value
		}
	}
}

// parseType reads the "type" fact. A link comes as OS.unix=symlink, as OS.unix=slink or
// as OS.unix=slink:target.
func parseType(value string) (t EntryType, target string) {
	kind, target, _ := strings.Cut(value, ":")
	switch strings.ToLower(kind) {
	case "file":
		return TypeFile, ""
	case "dir":
		return TypeDir, ""
	case "cdir":
		return TypeCurDir, ""
	case "pdir":
		return TypeParent, ""
	case "os.unix=symlink", "os.unix=slink":
		return TypeLink, target
	default:
		return TypeOther, ""
	}
}
