package judges

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/secsy/goftp"
)

// TestGoftp: secsy/goftp, which keeps a pool of sessions and knows active mode.
func TestGoftp(t *testing.T) {
	stories := map[string]func(*testing.T, *goftp.Client){
		"many at once": goftpManyAtOnce,
		"tree":         goftpTree,
		"no file":      goftpNoFile,
	}
	onEachServer(t, func(t *testing.T, srv ftpServer, addr string) {
		stories := maps.Clone(stories)
		stories["empty file"] = goftpEmptyFile
		if srv.tls != "" {
			stories["empty file"] = goftpEmptyFileRefused
		}
		for mode, config := range goftpModes(srv) {
			for name, story := range stories {
				t.Run(mode+"/"+name, func(t *testing.T) {
					c, err := goftp.DialConfig(config, addr)
					must(t, err)
					story(t, c)
					must(t, c.Close())
				})
			}
		}
	})
}

// goftpModes returns the ways in which goftp can talk to the server. It is the TLS server
// of an active data connection, where RFC 4217 wants it to be the client: no such mode.
func goftpModes(srv ftpServer) map[string]goftp.Config {
	modes := map[string]goftp.Config{
		"EPSV": {},
		"PASV": {DisableEPSV: true},
		"EPRT": {ActiveTransfers: true, ActiveListenAddr: "127.0.0.1:0"},
		"PORT": {ActiveTransfers: true, ActiveListenAddr: "127.0.0.1:0", DisableEPSV: true},
	}
	for mode, config := range modes {
		config.User, config.Password = user, password
		config.ConnectionsPerHost = 4
		config.Timeout = time.Minute
		if srv.tls != "" {
			config.TLSConfig = tlsConfig()
		}
		if srv.tls == implicit {
			config.TLSMode = goftp.TLSImplicit
		}
		if srv.bound {
			config.ConnectionsPerHost = 1 // several would resume each other's TLS sessions
		}
		modes[mode] = config
	}
	if srv.tls != "" {
		delete(modes, "EPRT")
		delete(modes, "PORT")
	}
	return modes
}

func goftpEmptyFile(t *testing.T, c *goftp.Client) {
	var got bytes.Buffer
	must(t, c.Store("empty", bytes.NewReader(nil)))
	must(t, c.Retrieve("empty", &got))
	sameContent(t, got.Bytes(), nil)
	must(t, c.Delete("empty"))
}

// goftpEmptyFileRefused: goftp begins TLS on a data connection with the first byte of the
// file, so never for an empty one. Anybody could have closed that connection.
func goftpEmptyFileRefused(t *testing.T, c *goftp.Client) {
	var reply goftp.Error
	if err := c.Store("empty", bytes.NewReader(nil)); !errors.As(err, &reply) || reply.Code() != 522 {
		t.Errorf("STOR on a data connection without TLS: %v", err)
	}
	if _, err := c.Stat("empty"); !errors.As(err, &reply) || reply.Code() != 550 {
		t.Errorf("MLST of what was refused: %v", err)
	}
}

func goftpManyAtOnce(t *testing.T, c *goftp.Client) {
	var transfers sync.WaitGroup
	for i := range 40 {
		transfers.Go(func() {
			name, want := fmt.Sprintf("file-%d", i), content(1+i*i*1000)
			var got bytes.Buffer
			if err := c.Store(name, bytes.NewReader(want)); err != nil {
				t.Errorf("STOR %s: %v", name, err)
			} else if err := c.Retrieve(name, &got); err != nil {
				t.Errorf("RETR %s: %v", name, err)
			} else if err := c.Delete(name); err != nil {
				t.Errorf("DELE %s: %v", name, err)
			}
			sameContent(t, got.Bytes(), want)
		})
	}
	transfers.Wait()
}

func goftpTree(t *testing.T, c *goftp.Client) {
	began := time.Now().Truncate(time.Second)
	const odd = `it is "quoted"`
	dir, err := c.Mkdir(odd)
	if must(t, err); dir != odd && dir != "/"+odd {
		t.Errorf("MKD %s made %s", odd, dir)
	}
	must(t, c.Store(dir+"/one", bytes.NewReader(content(1234))))
	must(t, c.Rename(dir+"/one", dir+"/two"))

	file, err := c.Stat(dir + "/two")
	must(t, err)
	if file.Size() != 1234 || file.IsDir() || file.ModTime().Before(began) {
		t.Errorf("MLST: %d bytes, folder %t, of %s; it was stored after %s", file.Size(), file.IsDir(), file.ModTime(), began)
	}
	all, err := c.ReadDir(dir)
	must(t, err)
	if len(all) != 1 || all[0].Name() != "two" || all[0].Size() != 1234 {
		t.Errorf("MLSD lists %v", all)
	}
	up, err := c.ReadDir("/")
	must(t, err)
	if len(up) != 1 || up[0].Name() != odd || !up[0].IsDir() {
		t.Errorf("MLSD of / lists %v", up)
	}
	must(t, c.Delete(dir+"/two"))
	must(t, c.Rmdir(dir))
}

func goftpNoFile(t *testing.T, c *goftp.Client) {
	var reply goftp.Error
	if err := c.Retrieve("missing", new(bytes.Buffer)); !errors.As(err, &reply) || reply.Code() != 550 {
		t.Errorf("RETR of nothing: %v", err)
	}
	if _, err := c.Stat("missing"); !errors.As(err, &reply) || reply.Code() != 550 {
		t.Errorf("MLST of nothing: %v", err)
	}
	if home, err := c.Getwd(); err != nil || home != "/" {
		t.Errorf("PWD: %q, %v", home, err)
	}
}
