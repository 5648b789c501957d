package judges

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/secsy/goftp"
)

// TestGoftp: secsy/goftp, which keeps a pool of sessions and knows active mode.
func TestGoftp(t *testing.T) {
	modes := map[string]goftp.Config{
		"EPSV": {},
		"PASV": {DisableEPSV: true},
		"EPRT": {ActiveTransfers: true, ActiveListenAddr: "127.0.0.1:0"},
		"PORT": {ActiveTransfers: true, ActiveListenAddr: "127.0.0.1:0", DisableEPSV: true},
	}
	stories := map[string]func(*testing.T, *goftp.Client){
		"many at once": goftpManyAtOnce,
		"tree":         goftpTree,
		"no file":      goftpNoFile,
	}
	onEachServer(t, func(t *testing.T, _ ftpServer, addr string) {
		for mode, config := range modes {
			for name, story := range stories {
				t.Run(mode+"/"+name, func(t *testing.T) {
					config.User, config.Password = user, password
					config.ConnectionsPerHost = 4
					config.Timeout = time.Minute
					c, err := goftp.DialConfig(config, addr)
					must(t, err)
					story(t, c)
					must(t, c.Close())
				})
			}
		}
	})
}

func goftpManyAtOnce(t *testing.T, c *goftp.Client) {
	var transfers sync.WaitGroup
	for i := range 40 {
		transfers.Go(func() {
			name, want := fmt.Sprintf("file-%d", i), content(i*i*1000)
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
