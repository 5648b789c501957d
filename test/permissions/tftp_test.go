package permissions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"text/template"

	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/tftp"
)

// tftpClient is where the server is.
type tftpClient struct{ address string }

// fetches is a row of a read request.
func fetches(name string) func(client) error {
	return func(c client) error {
		var got bytes.Buffer
		return c.(tftpClient).ask(name, func(ctx context.Context, u tftp.URL, peer *tftp.Client) error {
			_, err := peer.Get(ctx, u, &got)
			if err == nil && got.String() != "/old" {
				err = fmt.Errorf("got %q", got.String())
			}
			return err
		})
	}
}

// stores is a row of a write request.
func stores(name string) func(client) error {
	return func(c client) error {
		return c.(tftpClient).ask(name, func(ctx context.Context, u tftp.URL, peer *tftp.Client) error {
			_, err := peer.Put(ctx, u, strings.NewReader("sent"), 4)
			return err
		})
	}
}

// ask makes a request. A refusal is the number of the error.
func (c tftpClient) ask(name string, do func(context.Context, tftp.URL, *tftp.Client) error) error {
	u, err := tftp.ParseURL("tftp://" + c.address + "/" + name)
	if err != nil {
		return err
	}
	peer := new(tftp.Client)
	err = do(context.Background(), u, peer)
	var refusal *tftp.Error
	if errors.As(err, &refusal) {
		err = errors.New(fmt.Sprint(int(refusal.Code)))
	}
	return errors.Join(err, peer.Close())
}

func tftpTable() protocol {
	p := protocol{name: "tftp", denied: "2", exists: "6"}
	add := func(verb, about string, changes bool, do func(client) error, takes ...policy.Op) *row {
		p.rows = append(p.rows, row{verb: verb, about: about, takes: takes, changes: changes, do: do})
		return &p.rows[len(p.rows)-1]
	}
	add("RRQ", "a file", false, fetches("old"), policy.Read)
	add("RRQ", "a file in any case, with tftp.fold-case", false, fetches("OLD"), policy.Read, policy.Stat, policy.List)
	add("RRQ", "a name that a template or a program provides, with tftp.provision", false, fetches("made"), policy.Read)
	add("WRQ", "a new file", true, stores("new"), policy.Create).lacks = map[policy.Op]string{policy.Create: "1"}
	add("WRQ", "a file that is there", true, stores("old"), policy.Overwrite).exists = true
	return p
}

// TestTFTP asks by both requests that there are (RFC 1350, section 5).
func TestTFTP(t *testing.T) {
	w := newWorld(t)
	c := listenTFTP(t, w)
	p := tftpTable()
	p.covers(t, []string{"RRQ", "WRQ"}, nil)
	p.run(t, w, func(*testing.T) (client, func()) { return c, func() {} })
}

// listenTFTP runs the server, and says where.
func listenTFTP(t *testing.T, w *world) tftpClient {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	ok(t, err)
	made, err := tftpd.ParsePattern("made")
	ok(t, err)
	srv := &tftp.Server{Handler: &tftpd.Handler{Trees: w, Policy: tftpd.Policy{
		FoldCase: true, Provisions: []tftpd.Provision{{Match: made, Template: template.Must(template.New("").Parse("/old"))}},
	}}}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l.(*net.UDPConn)) }()
	t.Cleanup(func() { ok(t, errors.Join(srv.Close(), ignore(<-done, tftp.ErrServerClosed))) })
	return tftpClient{l.LocalAddr().String()}
}
