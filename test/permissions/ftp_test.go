package permissions

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftpserver"
	"dray/internal/ftpd"
	"dray/internal/policy"
)

// ftpClient is a control connection.
type ftpClient struct {
	conn net.Conn
	in   *bufio.Reader
	tls  *tls.Config
}

func dialFTP(address string) (*ftpClient, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &ftpClient{conn: conn, in: bufio.NewReader(conn)}
	_, err = ftp.ReadReply(c.in)
	return c, err
}

// cmd sends a command and returns its reply.
func (c *ftpClient) cmd(line string) (ftp.Reply, error) {
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.ReadReply(c.in)
}

// do wants a command to be done, or to be taken for the next one.
func (c *ftpClient) do(line string) error {
	r, err := c.cmd(line)
	return errors.Join(err, refused(r))
}

func refused(r ftp.Reply) error {
	if r.Code >= 400 {
		return errors.New(fmt.Sprint(int(r.Code)))
	}
	return nil
}

// transfer sends some data, or returns what comes.
func (c *ftpClient) transfer(line, send string) (string, error) {
	r, err := c.cmd("EPSV")
	if err != nil {
		return "", err
	}
	_, port, _ := strings.Cut(r.Text(), "|||")
	host, _, _ := net.SplitHostPort(c.conn.RemoteAddr().String())
	data, err := net.Dial("tcp", net.JoinHostPort(host, strings.Trim(port, "|)")))
	if err != nil {
		return "", err
	}
	defer data.Close()
	r, err = c.cmd(line)
	if err = errors.Join(err, refused(r)); err != nil {
		return "", err
	}
	if c.tls != nil {
		data = tls.Client(data, c.tls)
	}
	var got []byte
	if send != "" {
		_, err = io.WriteString(data, send)
		err = errors.Join(err, data.Close())
	} else {
		got, err = io.ReadAll(data)
	}
	if err != nil {
		return "", err
	}
	r, err = ftp.ReadReply(c.in)
	return string(got), errors.Join(err, refused(r))
}

// command is a row of one or more commands without data.
func command(lines ...string) func(client) error {
	return func(c client) error {
		for _, line := range lines {
			if err := c.(*ftpClient).do(line); err != nil {
				return err
			}
		}
		return nil
	}
}

// gets is a row that ends in a transfer in which this has to be.
func gets(want string, lines ...string) func(client) error {
	last := len(lines) - 1
	return func(c client) error {
		if err := command(lines[:last]...)(c); err != nil {
			return err
		}
		got, err := c.(*ftpClient).transfer(lines[last], "")
		if err == nil && !strings.Contains(got, want) {
			err = fmt.Errorf("%q has no %q", got, want)
		}
		return err
	}
}

// puts is a row that ends in an upload.
func puts(lines ...string) func(client) error {
	last := len(lines) - 1
	return func(c client) error {
		if err := command(lines[:last]...)(c); err != nil {
			return err
		}
		_, err := c.(*ftpClient).transfer(lines[last], "sent")
		return err
	}
}

func ftpTable() protocol {
	p := protocol{name: "ftp", denied: "550", exists: "550"}
	add := func(verb, about string, changes bool, do func(client) error, takes ...policy.Op) *row {
		p.rows = append(p.rows, row{verb: verb, about: about, takes: takes, changes: changes, do: do})
		return &p.rows[len(p.rows)-1]
	}
	const read, change = false, true

	add("RETR", "a file", read, gets("/old", "RETR old"), policy.Read)
	add("REST RETR", "a file, from an offset on", read, gets("ld", "TYPE I", "REST 2", "RETR old"), policy.Read)
	add("RANG RETR", "a part of a file", read, gets("l", "TYPE I", "RANG 2 2", "RETR old"), policy.Stat, policy.Read)
	add("STOR", "a new file", change, puts("STOR new"), policy.Create)
	add("STOR", "a file that is there", change, puts("STOR old"), policy.Overwrite).exists = true
	add("REST STOR", "a file that is there, from an offset on", change, puts("TYPE I", "REST 1", "STOR old"), policy.Overwrite).exists = true
	add("STOU", "a new file", change, puts("STOU"), policy.Create)
	add("APPE", "a new file", change, puts("APPE new"), policy.Create)
	add("APPE", "a file that is there", change, puts("APPE old"), policy.Overwrite).exists = true

	for _, verb := range []string{"RMD", "XRMD"} {
		add(verb, "an empty folder", change, command(verb+" empty"), policy.Delete)
	}
	for _, verb := range []string{"MKD", "XMKD"} {
		add(verb, "a new folder", change, command(verb+" new"), policy.Mkdir)
	}
	add("DELE", "a file", change, command("DELE old"), policy.Delete)
	add("RNFR", "a file", read, command("RNFR old"), policy.Stat)
	add("RNFR RNTO", "a file, to a free name", change, command("RNFR old", "RNTO new"), policy.Stat, policy.Rename, policy.Create)
	add("RNFR RNTO", "a file, onto another", change, command("RNFR old", "RNTO other"), policy.Stat, policy.Rename, policy.Overwrite).exists = true
	add("RNFR RNTO", "a folder", change, command("RNFR empty", "RNTO new"), policy.Stat, policy.Rename, policy.Create)

	for _, verb := range []string{"CWD", "XCWD"} {
		add(verb, "a folder", read, command(verb+" full"), policy.Stat)
	}
	for _, verb := range []string{"CDUP", "XCUP"} {
		add(verb, "the folder above", read, command(verb), policy.Stat)
	}
	for _, verb := range []string{"LIST", "NLST"} {
		add(verb, "a folder", read, gets("file", verb+" full"), policy.Stat, policy.List)
		add(verb, "a file", read, gets("old", verb+" old"), policy.Stat)
		add(verb, "a pattern", read, gets("old", verb+" ol*"), policy.Stat, policy.List)
		add(verb, "a folder and all below, -R", read, gets("file", verb+" -R /"), policy.Stat, policy.List)
	}
	add("MLSD", "a folder", read, gets("file", "MLSD full"), policy.Stat, policy.List)
	add("MLST", "a file", read, command("MLST old"), policy.Stat)
	add("STAT", "a folder", read, command("STAT full"), policy.Stat, policy.List)
	add("STAT", "a file", read, command("STAT old"), policy.Stat)
	add("SIZE", "a file", read, command("TYPE I", "SIZE old"), policy.Stat)
	add("MDTM", "a file", read, command("MDTM old"), policy.Stat)
	add("AVBL", "a folder", read, command("AVBL full"), policy.Stat)
	add("ALLO", "the current folder", read, command("ALLO 1"), policy.Stat)

	add("MDTM", "a file, and a time to set", change, command("MDTM 20200101000000 old"), policy.Stat, policy.SetStat)
	add("MFMT", "a file", change, command("MFMT 20200101000000 old"), policy.SetStat)
	add("MFF", "a file: the time", change, command("MFF Modify=20200101000000; old"), policy.SetStat)
	add("MFF", "a file: the mode", change, command("MFF UNIX.mode=0600; old"), policy.SetStat)
	add("SITE CHMOD", "a file", change, command("SITE CHMOD 600 old"), policy.SetStat)
	add("SITE UTIME", "a file", change, command("SITE UTIME 202001010000 old"), policy.SetStat)
	for _, verb := range []string{"HASH", "MD5", "XCRC", "XMD5", "XSHA1", "XSHA256", "XSHA512"} {
		add(verb, "a file", read, command(verb+" old"), policy.Stat, policy.Read)
	}
	return p
}

// ftpWithout are the commands that touch no file.
func ftpWithout() []string {
	return strings.Fields(`ABOR ACCT AUTH CCC CLNT CSID EPRT EPSV FEAT HELP HOST LANG MODE NOOP OPTS PASS PASV PBSZ PORT PROT PWD QUIT
		REIN STRU SYST TYPE USER XPWD`)
}

// listenFTP runs the server, with TLS if there is a certificate, and logs in.
func listenFTP(t *testing.T, w *world, certificate *tls.Certificate) (connect func(*testing.T) (client, func())) {
	t.Helper()
	srv := &ftpserver.Server{Backend: &ftpd.Backend{Trees: w, Users: anybody{}}}
	var secure *tls.Config
	if certificate != nil {
		srv.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		secure = &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(0)} // whoever it is
	}
	address := serve(t, srv.Serve, srv.Close, ftpserver.ErrServerClosed)
	return func(t *testing.T) (client, func()) {
		c, err := dialFTP(address)
		ok(t, err)
		if secure != nil {
			ok(t, c.do("AUTH TLS"))
			c.conn = tls.Client(c.conn, secure)
			c.in, c.tls = bufio.NewReader(c.conn), secure
			ok(t, errors.Join(c.do("PBSZ 0"), c.do("PROT P")))
		}
		ok(t, errors.Join(c.do("USER amy"), c.do("PASS x")))
		return c, func() { c.conn.Close() }
	}
}

// TestFTP asks by every command that HELP names.
func TestFTP(t *testing.T) {
	w := newWorld(t)
	connect := listenFTP(t, w, nil)
	w.begin(t, policy.ReadWrite)
	c, end := connect(t)
	defer end()
	help, err := c.(*ftpClient).cmd("HELP")
	ok(t, err)
	var verbs []string
	for _, verb := range strings.Fields(strings.Join(help.Lines[1:len(help.Lines)-1], " ")) {
		if !strings.HasSuffix(verb, "*") { // which is not implemented
			verbs = append(verbs, verb)
		}
	}
	site, err := c.(*ftpClient).cmd("SITE HELP")
	ok(t, err)
	for _, line := range site.Lines[1 : len(site.Lines)-1] {
		if verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb != "HELP" {
			verbs = append(verbs, verb)
		}
	}
	p := ftpTable()
	p.covers(t, verbs, ftpWithout())
	p.run(t, w, connect)
}
