package sftpd

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// signer makes a key.
func signer(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rsaKey is as short as a server may have it, to be made fast.
func rsaKey(t testing.TB) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// diary keeps events.
type diary struct {
	mu   sync.Mutex
	more sync.Cond // of mu
	all  []event.Event
	cut  chan struct{} // takes a value for each upload that was cut off
}

func (d *diary) Emit(e event.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, e)
	d.more.Broadcast()
	if errors.Is(e.Failure(), errCutOff) {
		d.cut <- struct{}{}
	}
}

// await waits for an event after the first so many.
func (d *diary) await(t testing.TB, match func(event.Event) bool, after int) event.Event {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		for _, e := range d.all[after:] {
			if match(e) {
				return e
			}
		}
		d.more.Wait()
	}
}

// since returns the events after the first so many.
func (d *diary) since(n int) []event.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all[n:])
}

// ring is the keys of users.
type ring map[string]ssh.PublicKey

func (r ring) Authorized(user string, key ssh.PublicKey) bool {
	k := r[user]
	return k != nil && string(k.Marshal()) == string(key.Marshal())
}

// house is a server with its address.
type house struct {
	*Server
	t    testing.TB
	addr string
	told *diary
}

// open serves files over loopback, as change has it, until the test ends.
func open(t testing.TB, files vfs.FS, change func(*Server)) *house {
	t.Helper()
	h := &house{t: t, told: &diary{cut: make(chan struct{}, 100)}}
	h.told.more.L = &h.told.mu
	h.Server = &Server{
		Users:  users(),
		Trees:  &tree.Trees{Files: files, Rules: policy.ReadWrite},
		Terms:  Terms{HostKeys: []ssh.Signer{signer(t)}},
		Events: h.told,
	}
	if change != nil {
		change(h.Server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(h.Close()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return h
}

func clientConfig(user string, proofs ...ssh.AuthMethod) *ssh.ClientConfig {
	return &ssh.ClientConfig{User: user, Auth: proofs, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
}

// connect logs amy in.
func (h *house) connect() *ssh.Client {
	h.t.Helper()
	c, err := ssh.Dial("tcp", h.addr, clientConfig("amy", ssh.Password("secret")))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	return c
}

// client begins an SFTP session.
func (h *house) client() *sftp.Client {
	h.t.Helper()
	c, err := sftp.NewClient(h.connect())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	return c
}

// TestContract: the suite of package vfs, through the protocol.
func TestContract(t *testing.T) {
	vfstest.Suite{
		Open: func(t *testing.T) vfs.FS {
			h := open(t, memfs.New(), nil)
			return remoteFS{h.client(), h}
		},
		Is: same,
	}.Run(t)
}
