package iossim

import (
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/model"
)

// FuzzTerminal types anything at every model, from the log-in on and from a privileged
// prompt: the device lives, and somebody else can still log in.
func FuzzTerminal(f *testing.F) {
	for _, s := range []string{
		"amy\rsecret\rshow version\r", "\x00\xff\x1b[A\x03\x1a\x04?\t|", "conf t\rbanner motd #x\ry#\rint g0/0\rshut\rend\r",
		"copy tftp: flash:\r192.0.2.9\rx\r\r", "reload in 1\r\r", "reload\rno\r\r", "show running-config | section (\r", "delete /force flash:\r",
		"conf t\rusername x secret 0 y\rno username x\rline vty 0 4\rno login\renable secret 5 $\r", "install add file flash:x activate commit\r",
		"mkdir flash:a\r\rcd a\rcopy tftp://192.0.2.9/x x\r\r\rrename x ../y\r\rrmdir /\r\r\rdelete /recursive flash:\r\r\r\r", "archive download-sw /overwrite /reload tftp://192.0.2.9/x\r",
		"write erase\r\rreload\rno\r\r", "conf t\rint range fa0/1 - 9\rshut\rno shut\rint g0/0.1\rencap dot1q 1\rend\rping 192.0.2.9\rclear line vty 0\r\r",
		"clock set 10:00 1 jan 2020\rverify /md5 flash:\r\r", "conf t\rno hostname\rhostname " + "x-" + "\rboot system\rconfig-register 0x2142\r",
	} {
		f.Add([]byte(s), 0)
		f.Add([]byte(s), 7)
	}
	all := model.All()
	f.Fuzz(func(t *testing.T, keys []byte, n int) {
		synctest.Test(t, func(t *testing.T) {
			d, err := New(Settings{
				Model: all[(n%4+4)%4], User: "amy", Password: "secret", Enable: "enable", Hostname: "R1",
				Transfers: &shelf{files: map[string]flash.Content{"x": flash.Text("hostname R2\n")}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			kind := "ssh"
			if n&4 != 0 {
				kind = "vty"
			}
			x := open(d, kind)
			x.keys(string(keys))
			synctest.Wait()
			time.Sleep(time.Hour)
			x.end()
			for range 10 { // it may be booting
				synctest.Wait()
				time.Sleep(time.Minute)
			}
			if !d.Up() {
				return // it has nothing that boots, or was told not to
			}
			y := open(d, "ssh")
			synctest.Wait()
			if got := y.text(); got == "" {
				t.Errorf("%q: the device says nothing any more", keys)
			}
			y.end()
		})
	})
}

// TestFiveHundredDevices are all there in little memory.
func TestFiveHundredDevices(t *testing.T) {
	allGrammars()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var devices []*Device
	all := model.All()
	for i := range 500 {
		d, err := New(Settings{Model: all[i%len(all)], Address: netip.MustParseAddr("192.0.2.1"), User: "amy", Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		devices = append(devices, d)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	const most = 64 << 20
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
		t.Errorf("%d devices take %d octets", len(devices), grown)
	} else {
		t.Logf("%d devices take %d octets", len(devices), grown)
	}
}
