package ios

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/internal/device"
	"dray/internal/device/ios/show"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/term"
)

func sum(t *testing.T, c flash.Content) string {
	h := md5.New()
	if _, err := io.Copy(h, io.NewSectionReader(c, 0, c.Size())); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestFacts(t *testing.T) {
	for name, want := range map[string]device.Facts{
		"2911": {Model: "CISCO2911/K9", System: "IOS", Release: "15.1(4)M4", Image: "flash0:" + oldImage, Mode: "bundle", Next: "0x2102"},
		"2960": {System: "IOS", Mode: "bundle", Next: "0xF"},
		"4331": {System: "IOS XE", Mode: "bundle", Next: "0x2102"},
		"9300": {System: "IOS XE", Release: "16.12.04", Image: "flash:packages.conf", Mode: "install", Boot: []string{"flash:packages.conf"}, Next: "0x102"},
	} {
		t.Run(name, func(t *testing.T) {
			atBench(t, name, nil, func(t *testing.T, b *bench) {
				ctx := t.Context()
				d := b.open(ctx)
				defer d.Close()
				f, err := d.Facts(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for what, pair := range map[string][2]string{
					"name": {f.Hostname, "R1"}, "model": {f.Model, want.Model}, "system": {f.System, want.System}, "release": {f.Release, want.Release},
					"image": {f.Image, want.Image}, "mode": {f.Mode, want.Mode}, "register": {f.Next, want.Next}, "boot list": {strings.Join(f.Boot, " "), strings.Join(want.Boot, " ")},
				} {
					if pair[1] != "" && pair[0] != pair[1] {
						t.Errorf("%s: %s; want %s", what, pair[0], pair[1])
					}
				}
				if f.Serial == "" || f.Model == "" || f.Release == "" || len(f.Storage) == 0 || len(f.Parts) == 0 {
					t.Errorf("%+v", f)
				}
				if name == "9300" && (len(f.Members) != 3 || f.Members[2].State != "Ready" || f.Members[0].Mode != "install" || len(f.Packages) != 1) {
					t.Errorf("%+v, %+v", f.Members, f.Packages)
				}
			})
		})
	}
}

// TestUpgrade is the course's job, by the driver.
func TestUpgrade(t *testing.T) {
	for _, way := range []string{"tftp://192.0.2.9/", "ftp://bob:hush@192.0.2.9/"} {
		atBench(t, "2911", func(b *bench) { b.telnet = true }, func(t *testing.T, b *bench) {
			ctx := t.Context()
			d := b.open(ctx)
			defer d.Close()
			file := b.server.files[newImage]
			if n, err := d.Fetch(ctx, device.Copy{URL: way + newImage, To: "flash0:" + newImage, Size: file.Size(), MD5: sum(t, file)}); err != nil || n != file.Size() {
				t.Fatal(n, err)
			}
			if err := d.Check(ctx, "flash0:"+newImage); err != nil {
				t.Error(err)
			}
			if err := d.SetBoot(ctx, []string{"flash0:" + newImage, "flash0:" + oldImage}); err != nil {
				t.Fatal(err)
			}
			if err := d.Delete(ctx, "flash0:"+newImage); !errors.Is(err, device.ErrGuarded) {
				t.Errorf("it deletes what boots next: %v", err)
			}
			if err := d.Reload(ctx, device.Reload{}); !errors.Is(err, device.ErrModified) {
				t.Fatalf("it reloads with a configuration that is not saved: %v", err)
			}
			if err := d.Save(ctx, false); err != nil {
				t.Fatal(err)
			}
			kept, err := d.Config(ctx, true)
			if err != nil || !slices.Equal(show.BootSystem(kept), []string{"flash0:" + newImage, "flash0:" + oldImage}) {
				t.Fatalf("%v\n%s", err, kept)
			}
			if err := d.Reload(ctx, device.Reload{}); err != nil {
				t.Fatal(err)
			}
			f, err := d.Return(ctx, "15.7(3)M9")
			if err != nil || f.Image != "flash0:"+newImage {
				t.Fatal(f, err)
			}
			if err := d.Delete(ctx, "flash0:"+newImage); !errors.Is(err, device.ErrGuarded) {
				t.Errorf("it deletes what runs: %v", err)
			}
			if err := d.Delete(ctx, "flash:/"+oldImage); err != nil {
				t.Error(err)
			}
			if _, err := d.Store(ctx, "running-config", "tftp://192.0.2.9/r1.cfg"); err != nil {
				t.Error(err)
			}
			config, err := d.Config(ctx, false)
			if up, ok := b.server.files["r1.cfg"]; err != nil || !ok || up.Size() < int64(len(config)) {
				t.Errorf("the copy of the configuration: %v, %v", up, err)
			}
		})
	}
}

// TestInstall upgrades a stack in install mode, back, and forth for good.
func TestInstall(t *testing.T) {
	atBench(t, "9300", nil, func(t *testing.T, b *bench) {
		ctx := t.Context()
		d := b.open(ctx)
		defer d.Close()
		if _, err := d.Fetch(ctx, device.Copy{URL: "tftp://192.0.2.9/" + bigImage, To: "flash:" + bigImage}); err != nil {
			t.Fatal(err)
		}
		if err := d.SetBoot(ctx, []string{"flash:" + bigImage}); !errors.Is(err, device.ErrGuarded) {
			t.Errorf("it boots an image in install mode: %v", err)
		}
		version, err := d.Add(ctx, "flash:"+bigImage)
		if err != nil || !device.ParseRelease(version).Same(device.ParseRelease("17.09.04a")) {
			t.Fatal(version, err)
		}
		for _, command := range []string{"configure terminal", "snmp-server location here", "end"} {
			if _, err := d.Run(ctx, term.Command{Text: command}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Activate(ctx, time.Hour); !errors.Is(err, device.ErrModified) {
			t.Fatalf("it activates with a configuration that is not saved: %v", err)
		}
		if err := d.Save(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := d.Activate(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Return(ctx, "17.09.04a"); err != nil {
			t.Fatal(err)
		}
		summary, err := ask(ctx, d, false, show.ParseInstall, "show install summary")
		if err != nil || !summary.Pending() || len(summary.In("U")) != 1 {
			t.Fatalf("%+v, %v", summary, err)
		}
		if err := d.Activate(ctx, 0); !errors.Is(err, device.ErrGuarded) {
			t.Errorf("it activates before the last one is committed: %v", err)
		}
		if err := d.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Return(ctx, "16.12.04"); err != nil {
			t.Fatal(err)
		}
		if err := d.Activate(ctx, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Return(ctx, "17.09.04a"); err != nil {
			t.Fatal(err)
		}
		if err := d.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Clean(ctx, "flash:"+bigImage); !errors.Is(err, device.ErrGuarded) {
			t.Errorf("it removes what is to be kept: %v", err)
		}
		gone, err := d.Clean(ctx)
		if err != nil || len(gone) < 2 {
			t.Errorf("%q, %v", gone, err)
		}
	})
	atBench(t, "2911", nil, func(t *testing.T, b *bench) {
		ctx := t.Context()
		d := b.open(ctx)
		defer d.Close()
		if _, err := d.Add(ctx, "flash:"+oldImage); !errors.Is(err, device.ErrLacks) {
			t.Error(err)
		}
	})
}

// TestFaults has each fault of a device end in the right error, with the device as it was.
func TestFaults(t *testing.T) {
	good := device.Copy{URL: "tftp://192.0.2.9/" + newImage, To: "flash0:" + newImage}
	fetch := func(c device.Copy) func(context.Context, *bench, *Device) error {
		return func(ctx context.Context, _ *bench, d *Device) error { _, err := d.Fetch(ctx, c); return err }
	}
	with := func(change func(*device.Copy)) func(context.Context, *bench, *Device) error {
		c := good
		change(&c)
		return fetch(c)
	}
	for name, c := range map[string]struct {
		fault func(*bench)
		act   func(context.Context, *bench, *Device) error
		err   error
	}{
		"a time-out in mid-copy":     {func(b *bench) { b.server.cut = true }, fetch(good), show.ErrTimeout},
		"silence in mid-copy":        {func(b *bench) { b.server.stall = true }, fetch(good), term.ErrSilent},
		"a server that is not there": {nil, with(func(c *device.Copy) { c.URL = "tftp://192.0.2.77/" + newImage }), show.ErrTimeout},
		"a file that is not there":   {nil, with(func(c *device.Copy) { c.URL = "tftp://192.0.2.9/other.bin" }), show.ErrNotFound},
		"a wrong password":           {nil, with(func(c *device.Copy) { c.URL = "ftp://bob:wrong@192.0.2.9/" + newImage }), show.ErrLogin},
		"a full flash":               {func(b *bench) { b.settings.Faults.FullFlash = true }, fetch(good), show.ErrNoSpace},
		"a full flash, and the size is known": {func(b *bench) { b.settings.Faults.FullFlash = true },
			with(func(c *device.Copy) { c.Size = 4 << 20 }), show.ErrNoSpace},
		"a corrupted copy": {func(b *bench) { b.server.corrupt = true }, func(ctx context.Context, b *bench, d *Device) error {
			c := good
			c.MD5 = sum(b.t, b.server.files[newImage])
			return fetch(c)(ctx, b, d)
		}, device.ErrDamaged},
		"a file of another length":      {nil, with(func(c *device.Copy) { c.Size = 3 << 20 }), device.ErrDamaged},
		"an image for another platform": {nil, with(func(c *device.Copy) { c.URL, c.To = "tftp://192.0.2.9/"+foreign, "flash0:"+foreign }), show.ErrForeign},
		"over what runs":                {nil, with(func(c *device.Copy) { c.To, c.Replace = "flash:/"+oldImage, true }), device.ErrGuarded},
		"over a file":                   {nil, with(func(c *device.Copy) { c.To = "flash:" + oldImage }), device.ErrGuarded},
		"a hang at a prompt":            {func(b *bench) { b.settings.Faults.Hang = "Destination" }, fetch(good), term.ErrSilent},
		"a hang at a key": {func(b *bench) { b.settings.Faults.Hang = "Proceed" }, func(ctx context.Context, _ *bench, d *Device) error {
			return d.Reload(ctx, device.Reload{})
		}, term.ErrSilent},
		"a boot list of nothing": {nil, func(ctx context.Context, _ *bench, d *Device) error { return d.SetBoot(ctx, nil) }, device.ErrGuarded},
		"a boot list with a file that is not there": {nil, func(ctx context.Context, _ *bench, d *Device) error {
			return d.SetBoot(ctx, []string{"flash0:" + newImage, "flash0:" + oldImage})
		}, show.ErrNotFound},
		"deleting what runs":                {nil, func(ctx context.Context, _ *bench, d *Device) error { return d.Delete(ctx, "flash0:"+oldImage) }, device.ErrGuarded},
		"deleting a file that is not there": {nil, func(ctx context.Context, _ *bench, d *Device) error { return d.Delete(ctx, "flash0:x.bin") }, show.ErrNotFound},
		"verifying one": {nil, func(ctx context.Context, _ *bench, d *Device) error {
			_, err := d.Verify(ctx, "flash0:x.bin")
			return err
		}, show.ErrNotFound},
		"a question that nobody expects": {nil, func(ctx context.Context, _ *bench, d *Device) error {
			_, err := d.Run(ctx, term.Command{Text: "reload"})
			return err
		}, term.ErrQuestion},
	} {
		t.Run(name, func(t *testing.T) {
			atBench(t, "2911", c.fault, func(t *testing.T, b *bench) {
				ctx := t.Context()
				before := b.state(ctx)
				d := b.open(ctx)
				err := c.act(ctx, b, d)
				if !errors.Is(err, c.err) {
					t.Errorf("%v; want %v", err, c.err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				if after := b.state(ctx); after != before {
					t.Errorf("it was\n%s\nand is\n%s", before, after)
				}
			})
		})
	}
}

// TestPatience: a copy that has not begun gets the short limit, one that has the long one, and
// both give way to what the caller says.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench)
		want   time.Duration
	}{
		"at a question":          {func(b *bench) { b.settings.Faults.Hang = "Destination" }, 30 * time.Second},
		"in mid-copy":            {func(b *bench) { b.server.stall = true }, 2 * time.Minute},
		"in mid-copy, as told":   {func(b *bench) { b.server.stall, b.cfg.CopyIdle = true, 7*time.Second }, 7 * time.Second},
		"in all, as told":        {func(b *bench) { b.server.stall, b.cfg.CopyTotal = true, 9*time.Second }, 9 * time.Second},
		"at a question, as told": {func(b *bench) { b.settings.Faults.Hang, b.cfg.Term.Idle = "Destination", 3*time.Second }, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			atBench(t, "2911", c.change, func(t *testing.T, b *bench) {
				d := b.open(t.Context())
				defer d.Close()
				begun := time.Now()
				_, err := d.Fetch(t.Context(), device.Copy{URL: "tftp://192.0.2.9/" + newImage, To: "flash0:" + newImage})
				if took := time.Since(begun).Round(time.Second); !errors.Is(err, term.ErrSilent) && !errors.Is(err, term.ErrTooLong) || took < c.want || took > c.want+5*time.Second {
					t.Errorf("after %v: %v; want that after %v", took, err, c.want)
				}
			})
		})
	}
}

// TestSlowAndLossy: what is only slow, or loses packets, arrives.
func TestSlowAndLossy(t *testing.T) {
	for name, fault := range map[string]func(*bench){
		"slow":                      func(b *bench) { b.server.pace = 100 * time.Second },
		"lossy":                     func(b *bench) { b.server.lossy = true },
		"log messages at questions": func(b *bench) { b.settings.Faults.LogAtPrompt = true },
		"a flash that is erased":    func(b *bench) { class := flash.ClassC; b.settings.Class = &class },
	} {
		t.Run(name, func(t *testing.T) {
			atBench(t, "2911", fault, func(t *testing.T, b *bench) {
				ctx := t.Context()
				d := b.open(ctx)
				defer d.Close()
				file := b.server.files[newImage]
				if _, err := d.Fetch(ctx, device.Copy{URL: "tftp://192.0.2.9/" + newImage, To: "flash0:" + newImage, Size: file.Size(), MD5: sum(t, file)}); err != nil {
					t.Fatal(err)
				}
				l, err := d.List(ctx, "flash0:")
				if _, ok := l.Find(oldImage); !ok || err != nil {
					t.Errorf("what was there is gone: %+v, %v", l, err)
				}
				if err := d.Reload(ctx, device.Reload{}); err != nil {
					t.Fatal(err)
				}
				if _, err := d.Return(ctx, "15.1(4)M4"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSchedule: a reload that nobody cancels comes, and undoes what was not saved.
func TestSchedule(t *testing.T) {
	atBench(t, "2911", nil, func(t *testing.T, b *bench) {
		ctx := t.Context()
		before := b.state(ctx)
		d := b.open(ctx)
		defer d.Close()
		if err := d.Schedule(ctx, time.Second); !errors.Is(err, device.ErrLacks) {
			t.Error(err)
		}
		if err := d.Schedule(ctx, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		if f, err := d.Facts(ctx); err != nil || !strings.Contains(f.Scheduled, "10 minutes") {
			t.Errorf("%q, %v", f.Scheduled, err)
		}
		for range 2 {
			if err := d.Cancel(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, command := range []string{"configure terminal", "snmp-server location nowhere", "end"} {
			if _, err := d.Run(ctx, term.Command{Text: command}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Schedule(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		b.goBy(10 * time.Minute)
		if after := b.state(ctx); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
	})
}

func TestReturn(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*bench)
		want  string
		err   error
	}{
		"it never comes back":     {func(b *bench) { b.settings.Faults.NeverBack = true }, "", device.ErrBack},
		"it boots the old image":  {func(b *bench) { b.settings.Faults.BootOld = true }, "15.7(3)M9", device.ErrOther},
		"it is back with the new": {nil, "15.7(3)M9", nil},
	} {
		t.Run(name, func(t *testing.T) {
			atBench(t, "2911", c.fault, func(t *testing.T, b *bench) {
				ctx := t.Context()
				d := b.open(ctx)
				defer d.Close()
				if _, err := d.Fetch(ctx, device.Copy{URL: "tftp://192.0.2.9/" + newImage, To: "flash0:" + newImage}); err != nil {
					t.Fatal(err)
				}
				if err := d.SetBoot(ctx, []string{"flash0:" + newImage, "flash0:" + oldImage}); err != nil {
					t.Fatal(err)
				}
				if err := d.Reload(ctx, device.Reload{Unsaved: "save"}); err != nil {
					t.Fatal(err)
				}
				if f, err := d.Return(ctx, c.want); !errors.Is(err, c.err) {
					t.Errorf("%v: %+v", err, f)
				}
			})
		})
	}
}

// TestLogin: a device that lets nobody in says so at once.
func TestLogin(t *testing.T) {
	atBench(t, "2911", func(b *bench) { b.telnet, b.settings.Faults.RefuseLogin = true, true }, func(t *testing.T, b *bench) {
		ctx := t.Context()
		begun := time.Now()
		if _, err := Open(ctx, b.cfg); !errors.Is(err, term.ErrLogin) || time.Since(begun) > time.Minute {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
	atBench(t, "2911", func(b *bench) {
		b.telnet = true
		b.cfg.Term.Enable = "wrong"
		b.settings.Lines = []string{"username bob privilege 1 secret x"}
		b.cfg.Term.User, b.cfg.Term.Password = "bob", "x"
	}, func(t *testing.T, b *bench) {
		ctx := t.Context()
		if _, err := Open(ctx, b.cfg); !errors.Is(err, term.ErrEnable) {
			t.Error(err)
		}
	})
}

// TestEnable: who logs in without privileges becomes privileged.
func TestEnable(t *testing.T) {
	atBench(t, "2960", func(b *bench) {
		b.telnet = true
		b.settings.Lines = []string{"username bob privilege 1 secret x"}
		b.cfg.Term.User, b.cfg.Term.Password = "bob", "x"
	}, func(t *testing.T, b *bench) {
		b.state(t.Context()) // reads the configuration
		b.cfg.Term.Enable = ""
		d := b.open(t.Context())
		defer d.Close()
		if _, err := d.Config(t.Context(), false); !errors.Is(err, term.ErrRefused) {
			t.Errorf("without privileges: %v", err)
		}
		if f, err := d.Facts(t.Context()); err != nil || f.Model == "" {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

// TestOldListComesBack: a device that does not take one line of a new boot list, or hangs up
// in the middle, has the old one in the end.
func TestOldListComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		err  error
	}{
		"it refuses":                  {"% Invalid input detected at '^' marker.\r\n", term.ErrRefused},
		"it hangs up":                 {hangUp, term.ErrHungUp},
		"it takes it and does not":    {"", device.ErrOther},
		"it keeps the list elsewhere": {"elsewhere", device.ErrOther},
	} {
		t.Run(name, func(t *testing.T) {
			list := []string{"flash0:" + oldImage}
			says := func(line string) string {
				switch file, boot := strings.CutPrefix(line, "boot system "); {
				case line == "no boot system":
					list = nil
				case boot && strings.HasSuffix(file, newImage):
					return strings.TrimPrefix(c.says, "elsewhere")
				case line == "show bootvar":
					return "BOOT path-list      : " + strings.Join(list, ";") + "\r\n"
				case c.says == "elsewhere" && strings.HasPrefix(line, "show running-config"):
					return ""
				case boot:
					list = append(list, file)
				case line == "show running-config | include ^boot system":
					return "boot system " + strings.Join(list, "\r\nboot system ") + "\r\n"
				case line == "show version":
					return "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.1(4)M4, RELEASE SOFTWARE (fc1)\r\nR1 uptime is 5 minutes\r\nSystem image file is \"flash0:" + oldImage + "\"\r\n"
				case line == "show file systems":
					return "% Invalid input detected at '^' marker.\r\n"
				case strings.HasPrefix(line, "dir"):
					return "Directory of flash0:/\r\n\r\n    1  -rw-    1  <no date>  " + oldImage + "\r\n    2  -rw-    1  <no date>  " + newImage + "\r\n\r\n10 bytes total (8 bytes free)\r\n"
				}
				return ""
			}
			var typed []func() []string
			d, err := Open(t.Context(), Config{Dial: func(context.Context) (io.ReadWriteCloser, error) {
				conn, all := scripted(says)
				typed = append(typed, all)
				return conn, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.SetBoot(t.Context(), []string{"flash0:" + newImage, "flash0:" + oldImage}); !errors.Is(err, c.err) {
				t.Errorf("%v; want %v", err, c.err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			got := typed[len(typed)-1]()
			if len(list) != 1 || list[0] != "flash0:"+oldImage || got[len(got)-1] != "end" {
				t.Errorf("the list is %q after %q", list, got)
			}
		})
	}
}

func TestForm(t *testing.T) {
	systems := []show.FileSystem{{Prefixes: []string{"flash0:", "flash:"}}, {Prefixes: []string{"flash1:"}}, {Prefixes: []string{"usbflash0:"}}}
	for _, c := range []struct {
		old   []string
		image string
		stack int
		file  string
		want  string
	}{
		{[]string{"flash:/old.bin"}, "flash:/old.bin", 0, "flash:new.bin", "flash:/new.bin"},
		{[]string{"flash0:old.bin", "flash1:x"}, "flash:old.bin", 0, "flash:/new.bin", "flash0:new.bin"},
		{[]string{"flash0:old.bin"}, "flash0:old.bin", 0, "flash1:new.bin", "flash1:new.bin"},
		{[]string{"flash old.bin"}, "flash:old.bin", 0, "flash0:new.bin", "flash new.bin"},
		{[]string{"flash old.bin"}, "flash:old.bin", 0, "usbflash0:new.bin", "usbflash0:new.bin"},
		{[]string{"flash flash0:old.bin"}, "flash:old.bin", 0, "flash0:new.bin", "flash flash0:new.bin"},
		{[]string{"switch all flash:packages.conf"}, "flash:packages.conf", 3, "flash:packages.conf", "switch all flash:packages.conf"},
		{nil, "flash0:old.bin", 0, "flash:new.bin", "flash0:new.bin"},
		{nil, "flash:/old.bin", 0, "flash:new.bin", "flash:/new.bin"},
		{nil, "flash:/old.bin", 2, "flash:new.bin", "switch all flash:/new.bin"},
		{nil, "flash:dir/old.bin", 0, "flash:dir/new.bin", "flash:dir/new.bin"},
		{nil, "", 0, "flash:new.bin", "flash:new.bin"},
		{nil, "tftp://192.0.2.9/old.bin", 0, "flash:new.bin", "flash:new.bin"},
	} {
		p, err := parsePath(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := form(c.old, device.Facts{Image: c.image, Members: make([]device.Member, c.stack)}, p, systems); got != c.want {
			t.Errorf("%q, %q, %s: %q; want %q", c.old, c.image, c.file, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "x.bin", "flash:", "flash:/", ":x", "flash:x y", "flash:*", "flash:x\rreload", "flash:a/../b", "flash:x|y", "a/b:x"} {
		if p, err := parsePath(bad); err == nil {
			t.Errorf("%q is %v", bad, p)
		}
	}
	for _, bad := range []string{"", "http://h/x", "tftp://h", "tftp://h/", "tftp://h:69/x", "ftp:///x", "ftp://h/a b", "ftp://h/x?y", "scp://h/%0dreload"} {
		if u, err := parseURL(bad); err == nil {
			t.Errorf("%q is %v", bad, u)
		}
	}
}
