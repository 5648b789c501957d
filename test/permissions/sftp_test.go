package permissions

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/policy"
	"dray/internal/sftp"
	"dray/internal/sftpd"
)

// sftpClient is a session by hand.
type sftpClient struct {
	in  io.Reader
	out io.Writer
	id  uint32

	offered []string // the extensions that the server names
}

func beginSFTP(conn *ssh.Client) (*sftpClient, *ssh.Session, error) {
	s, err := conn.NewSession()
	if err != nil {
		return nil, nil, err
	}
	out, err1 := s.StdinPipe()
	in, err2 := s.StdoutPipe()
	c := &sftpClient{in: in, out: out}
	if err := errors.Join(err1, err2, s.RequestSubsystem("sftp")); err != nil {
		return nil, nil, err
	}
	if _, err := out.Write([]byte{0, 0, 0, 5, byte(sftp.Init), 0, 0, 0, 3}); err != nil {
		return nil, nil, err
	}
	f, err := c.receive()
	if err != nil || sftp.Type(f.Byte()) != sftp.Ver || f.Uint32() != sftp.Version {
		return nil, nil, errors.Join(err, errors.New("no version 3"))
	}
	for len(f.Rest()) > 0 && f.Err == nil {
		c.offered = append(c.offered, f.String())
		_ = f.String()
	}
	return c, s, nil
}

func (c *sftpClient) receive() (*sftp.Fields, error) {
	var head [4]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(c.in, b)
	return sftp.NewFields(b), err
}

// ask sends a request. The error is the status that refuses it.
func (c *sftpClient) ask(r sftp.Request) (sftp.Type, *sftp.Fields, error) {
	c.id++
	r.ID = c.id
	if _, err := c.out.Write(r.Append(nil)); err != nil {
		return 0, nil, err
	}
	f, err := c.receive()
	if err != nil {
		return 0, nil, err
	}
	kind := sftp.Type(f.Byte())
	_ = f.Uint32() // the ID: there is one request at a time
	if kind == sftp.StatusOf {
		if code := sftp.Status(f.Uint32()); code != sftp.OK {
			return kind, f, fmt.Errorf("%d %s", code, f.String())
		}
	}
	return kind, f, nil
}

// handle stands for that of the request with this number among those of a row, from 1.
func handle(n byte) string { return string([]byte{n}) }

// asks is a row of one or more requests. A handle is that of the reply to an earlier one; at
// the end all are closed.
func asks(requests ...sftp.Request) func(client) error {
	return func(c client) error {
		s := c.(*sftpClient)
		var handles []string
		real := func(name *string) {
			if *name != "" {
				*name = handles[(*name)[0]-1]
			}
		}
		for _, r := range requests {
			real(&r.Handle)
			real(&r.WriteHandle)
			kind, f, err := s.ask(r)
			if err != nil {
				return err
			}
			if kind == sftp.Handle {
				handles = append(handles, f.String())
			}
		}
		for _, h := range handles {
			if _, _, err := s.ask(sftp.Request{Type: sftp.Close, Handle: h}); err != nil {
				return err
			}
		}
		return nil
	}
}

func sftpTable() protocol {
	p := protocol{name: "sftp", denied: "3 permission denied", exists: "4 file exists"}
	add := func(verb, about string, changes bool, do func(client) error, takes ...policy.Op) *row {
		p.rows = append(p.rows, row{verb: verb, about: about, takes: takes, changes: changes, do: do})
		return &p.rows[len(p.rows)-1]
	}
	never := func(verb, about, says string, do func(client) error) {
		r := add(verb, about, false, do)
		r.never, r.says = true, says
	}
	const read, change = false, true
	const create = sftp.FlagWrite | sftp.FlagCreate | sftp.FlagTruncate
	mode, size := sftp.Attrs{Flags: sftp.AttrMode, Mode: 0o600}, sftp.Attrs{Flags: sftp.AttrSize, Size: 1}
	times := sftp.Attrs{Flags: sftp.AttrTimes, MTime: 1577836800}
	ext := func(name string, r sftp.Request) sftp.Request {
		r.Type, r.Extension = sftp.Extended, name
		return r
	}
	open := func(name string, flags sftp.Flags) sftp.Request {
		return sftp.Request{Type: sftp.Open, Path: name, Flags: flags}
	}
	list := sftp.Request{Type: sftp.OpenDir, Path: "/full"}

	add("OPEN READ", "a file, to read", read, asks(open("/old", sftp.FlagRead), sftp.Request{Type: sftp.Read, Handle: handle(1), Length: 4}), policy.Read)
	add("OPEN WRITE CLOSE", "a new file", change, asks(open("/new", create), sftp.Request{Type: sftp.Write, Handle: handle(1), Data: []byte("x")}), policy.Create)
	add("OPEN WRITE CLOSE", "a file that is there, to replace", change, asks(open("/old", create)), policy.Overwrite).exists = true
	add("OPEN WRITE CLOSE", "a file that is there, to append", change,
		asks(open("/old", sftp.FlagWrite|sftp.FlagAppend|sftp.FlagCreate), sftp.Request{Type: sftp.Write, Handle: handle(1), Data: []byte("x")}), policy.Overwrite).exists = true
	add("OPEN WRITE CLOSE", "a file that is there, to change", change,
		asks(open("/old", sftp.FlagWrite), sftp.Request{Type: sftp.Write, Handle: handle(1), Data: []byte("x")}), policy.Stat, policy.Overwrite).exists = true
	add("OPEN READ WRITE", "a file that is there, to read and change", change,
		asks(open("/old", sftp.FlagRead|sftp.FlagWrite), sftp.Request{Type: sftp.Write, Handle: handle(1), Data: []byte("x")}), policy.Stat, policy.Read, policy.Overwrite).exists = true
	add("OPENDIR READDIR", "a folder", read, asks(list, sftp.Request{Type: sftp.ReadDir, Handle: handle(1)}), policy.List, policy.Stat).lacks = map[policy.Op]string{policy.Stat: "1 end of file"}
	add("STAT", "a file", read, asks(sftp.Request{Type: sftp.Stat, Path: "/old"}), policy.Stat)
	add("LSTAT", "a file", read, asks(sftp.Request{Type: sftp.LStat, Path: "/old"}), policy.Stat)
	add("FSTAT", "a file that is open to read", read, asks(open("/old", sftp.FlagRead), sftp.Request{Type: sftp.FStat, Handle: handle(1)}), policy.Read)
	add("FSTAT", "a folder that is open", read, asks(list, sftp.Request{Type: sftp.FStat, Handle: handle(1)}), policy.Stat, policy.List)
	add("REALPATH", "any name", read, asks(sftp.Request{Type: sftp.RealPath, Path: "/old"}))
	never("READLINK", "any name", "5 invalid parameter", asks(sftp.Request{Type: sftp.ReadLink, Path: "/old"}))
	never("SYMLINK", "any name", "8 there are no links here", asks(sftp.Request{Type: sftp.Symlink, Path: "/old", Target: "/new"}))
	for _, set := range []struct {
		about string
		attrs sftp.Attrs
		takes []policy.Op
	}{{"the mode", mode, []policy.Op{policy.SetStat}}, {"the times", times, []policy.Op{policy.SetStat}}, {"the size", size, []policy.Op{policy.Stat, policy.Overwrite}}} {
		exists := set.about == "the size"
		add("SETSTAT", "a file: "+set.about, change, asks(sftp.Request{Type: sftp.SetStat, Path: "/old", Attrs: set.attrs}), set.takes...).exists = exists
		add(sftp.ExtLSetStat, "a file: "+set.about, change, asks(ext(sftp.ExtLSetStat, sftp.Request{Path: "/old", Attrs: set.attrs})), set.takes...).exists = exists
		add("FSETSTAT", "a file that is open to read: "+set.about, change,
			asks(open("/old", sftp.FlagRead), sftp.Request{Type: sftp.FSetStat, Handle: handle(1), Attrs: set.attrs}), append(set.takes, policy.Read)...).exists = exists
	}
	add("FSETSTAT", "an upload: the mode", change,
		asks(open("/new", create), sftp.Request{Type: sftp.FSetStat, Handle: handle(1), Attrs: mode}), policy.Create, policy.SetStat)
	add("REMOVE", "a file", change, asks(sftp.Request{Type: sftp.Remove, Path: "/old"}), policy.Delete)
	add("RMDIR", "an empty folder", change, asks(sftp.Request{Type: sftp.Rmdir, Path: "/empty"}), policy.Delete)
	add("MKDIR", "a new folder", change, asks(sftp.Request{Type: sftp.Mkdir, Path: "/new"}), policy.Mkdir)
	add("RENAME", "a file, to a free name", change, asks(sftp.Request{Type: sftp.Rename, Path: "/old", Target: "/new"}), policy.Rename, policy.Create)
	add("RENAME", "a folder", change, asks(sftp.Request{Type: sftp.Rename, Path: "/empty", Target: "/new"}), policy.Rename, policy.Create)
	never("RENAME", "a file, onto another", "4 file exists", asks(sftp.Request{Type: sftp.Rename, Path: "/old", Target: "/other"}))
	add(sftp.ExtPosixRename, "a file, to a free name", change, asks(ext(sftp.ExtPosixRename, sftp.Request{Path: "/old", Target: "/new"})), policy.Rename, policy.Create)
	add(sftp.ExtPosixRename, "a file, onto another", change, asks(ext(sftp.ExtPosixRename, sftp.Request{Path: "/old", Target: "/other"})), policy.Rename, policy.Overwrite).exists = true
	never(sftp.ExtHardlink, "any name", "8 there are no links here", asks(ext(sftp.ExtHardlink, sftp.Request{Path: "/old", Target: "/new"})))
	add(sftp.ExtStatVFS, "a folder", read, asks(ext(sftp.ExtStatVFS, sftp.Request{Path: "/full"})), policy.Stat)
	add(sftp.ExtFStatVFS, "a file that is open to read", read, asks(open("/old", sftp.FlagRead), ext(sftp.ExtFStatVFS, sftp.Request{Handle: handle(1)})), policy.Read, policy.Stat)
	add(sftp.ExtFSync, "an upload", change, asks(open("/new", create), ext(sftp.ExtFSync, sftp.Request{Handle: handle(1)})), policy.Create)
	add(sftp.ExtCopyData, "a file, into a new one", change,
		asks(open("/old", sftp.FlagRead), open("/new", create), ext(sftp.ExtCopyData, sftp.Request{Handle: handle(1), WriteHandle: handle(2)})), policy.Read, policy.Create)
	add(sftp.ExtCheckName, "a file", read, asks(ext(sftp.ExtCheckName, sftp.Request{Path: "/old", Algorithms: "sha256"})), policy.Read)
	for _, name := range []string{sftp.ExtCheckFile, sftp.ExtCheckHandle} {
		add(name, "a file that is open to read", read, asks(open("/old", sftp.FlagRead), ext(name, sftp.Request{Handle: handle(1), Algorithms: "sha256"})), policy.Read)
	}
	return p
}

// sftpWithout are the extensions that touch no file: they speak of names and numbers alone.
func sftpWithout() []string {
	return []string{sftp.ExtLimits, sftp.ExtExpandPath, sftp.ExtHome, sftp.ExtUsersGroups}
}

// packets are the names of the requests that the server knows.
func packets() (known []string) {
	names := map[sftp.Type]string{
		sftp.Open: "OPEN", sftp.Close: "CLOSE", sftp.Read: "READ", sftp.Write: "WRITE", sftp.LStat: "LSTAT", sftp.FStat: "FSTAT",
		sftp.SetStat: "SETSTAT", sftp.FSetStat: "FSETSTAT", sftp.OpenDir: "OPENDIR", sftp.ReadDir: "READDIR", sftp.Remove: "REMOVE",
		sftp.Mkdir: "MKDIR", sftp.Rmdir: "RMDIR", sftp.RealPath: "REALPATH", sftp.Stat: "STAT", sftp.Rename: "RENAME",
		sftp.ReadLink: "READLINK", sftp.Symlink: "SYMLINK",
	}
	for t := range 256 {
		var unknown *sftp.UnknownError
		_, err := sftp.ParseRequest([]byte{byte(t), 0, 0, 0, 1})
		if errors.As(err, &unknown) || sftp.Type(t) == sftp.Extended {
			continue
		}
		name := names[sftp.Type(t)]
		if name == "" {
			name = fmt.Sprint("type ", t)
		}
		known = append(known, name)
	}
	return append(known, sftp.Extensions()...)
}

// listenSSH runs the server of SFTP and scp, and logs in.
func listenSSH(t *testing.T, w *world) *ssh.Client {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	ok(t, err)
	srv := &sftpd.Server{Trees: w, Users: anybody{}, Terms: sftpd.Terms{HostKeys: []ssh.Signer{signer}}}
	address := serve(t, srv.Serve, srv.Close, sftpd.ErrServerClosed)
	conn, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: "amy", Auth: []ssh.AuthMethod{ssh.Password("x")}, HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
	})
	ok(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func sftpOver(conn *ssh.Client) func(*testing.T) (client, func()) {
	return func(t *testing.T) (client, func()) {
		c, s, err := beginSFTP(conn)
		ok(t, err)
		return c, func() { s.Close() }
	}
}

// TestSFTP asks by every request and extension that the server knows.
func TestSFTP(t *testing.T) {
	w := newWorld(t)
	conn := listenSSH(t, w)
	w.begin(t, policy.ReadWrite)
	p := sftpTable()
	p.covers(t, packets(), sftpWithout())
	c, end := sftpOver(conn)(t)
	defer end()
	for _, name := range c.(*sftpClient).offered {
		if !slices.Contains(sftp.Extensions(), name) {
			t.Errorf("the server names an extension that it does not read: %s", name)
		}
	}
	p.run(t, w, sftpOver(conn))
}

// TestOpenFlags is OPEN with every combination of flags, of a file that is there and of
// one that is not.
func TestOpenFlags(t *testing.T) {
	w := newWorld(t)
	conn := listenSSH(t, w)
	p := protocol{name: "sftp", denied: "3 permission denied", exists: "4 file exists"}
	for flags := range sftp.Flags(1 << 6) {
		for _, name := range []string{"/old", "/new"} {
			p.rows = append(p.rows, opened(name, flags))
		}
	}
	p.run(t, w, sftpOver(conn))
}

// opened is OPEN with these flags, as the draft (section 6.3) and the rules have it.
func opened(name string, flags sftp.Flags) row {
	has := func(f sftp.Flags) bool { return flags&f != 0 }
	var said []string
	for i, word := range []string{"read", "write", "append", "creat", "trunc", "excl"} {
		if has(1 << i) {
			said = append(said, word)
		}
	}
	there := name == "/old"
	r := row{verb: "OPEN", about: name + " to " + strings.Join(said, ", "), do: asks(sftp.Request{Type: sftp.Open, Path: name, Flags: flags})}
	never := func(says string) row {
		r.never, r.says = true, says
		return r
	}
	if !has(sftp.FlagWrite) {
		switch {
		case flags != sftp.FlagRead:
			return never("5 invalid parameter")
		case !there:
			return never("2 no such file")
		}
		r.takes = []policy.Op{policy.Read}
		return r
	}
	if has(sftp.FlagRead) {
		r.takes = append(r.takes, policy.Read)
	}
	create, exclusive := has(sftp.FlagCreate), has(sftp.FlagCreate) && has(sftp.FlagExclusive)
	switch {
	case there && exclusive:
		return never("4 file exists")
	case !there && !create:
		return never("2 no such file")
	case there:
		r.takes, r.exists = append(r.takes, policy.Overwrite), true
		r.changes = has(sftp.FlagTruncate) && !has(sftp.FlagAppend) && !exclusive
		if !create {
			r.takes = append(r.takes, policy.Stat)
		}
	default:
		r.takes, r.changes = append(r.takes, policy.Create), true
	}
	return r
}
