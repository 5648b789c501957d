package interop

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBoot has boot loaders fetch files from our server, in machines that are emulated in
// software. Each shows that it has the very octets: by what it does with them, or by their
// digest.
func TestBoot(t *testing.T) {
	for _, row := range []struct {
		name string
		args []string
	}{
		{"own ports", nil},
		{"one port", []string{"--tftp-single-port"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Run("iPXE and GRUB", func(t *testing.T) {
				t.Parallel()
				bootPC(t, row.args)
			})
			t.Run("U-Boot", func(t *testing.T) {
				t.Parallel()
				bootBoard(t, row.args)
			})
		})
	}
}

// bootPC starts a PC whose network card has iPXE as its ROM. iPXE runs a script, which loads
// an image and then GRUB; GRUB prints digests. All of it comes over TFTP.
func bootPC(t *testing.T, args []string) {
	qemu := peer(t, "qemu-system-x86_64")
	d, host, root := bootServer(t, args)
	secret := words(64)
	image := place(t, root, "images/image.bin", randomBytes(3_000_001))
	empty := place(t, root, "images/empty", nil)
	place(t, root, "boot.ipxe", []byte("#!ipxe\necho "+strings.Join(secret, "\necho ")+
		"\nimgfetch --name image tftp://"+host+"/images/image.bin\nimgstat image\nimgfree image\nchain tftp://"+host+"/grub.0\n"))
	place(t, root, "grub/grub.cfg", []byte(strings.ReplaceAll(`
terminal_output serial
sha256sum (tftp,HOST)/images/image.bin
sha256sum (tftp,HOST)/images/empty
cat (tftp,HOST)/images/missing
echo end of GRUB
`, "HOST", host)))
	grub := place(t, root, "grub.0", makeGRUB(t, host))

	c := powerOn(t, exec.Command(qemu, "-accel", "tcg", "-machine", "pc,graphics=off", "-m", "64", "-nodefaults", "-vga", "none",
		"-display", "none", "-serial", "stdio", "-no-reboot", "-boot", "n",
		"-netdev", "user,id=net,bootfile=tftp://"+host+"/boot.ipxe", "-device", "e1000,netdev=net"))
	for _, w := range secret {
		c.find(t, w)
	}
	c.find(t, "image : 3000001 bytes")
	c.find(t, fmt.Sprintf("%x", sha256.Sum256(image)))
	c.find(t, fmt.Sprintf("%x", sha256.Sum256(empty)))
	c.find(t, "file not found")
	c.find(t, "end of GRUB")
	for _, e := range []event{
		transferred("read", "/images/image.bin", 3_000_001),
		transferred("read", "/grub.0", int64(len(grub))),
		transferred("read", "/images/empty", 0),
	} {
		e.Detail = "octet, blksize=1" // iPXE asks for 1432, GRUB for 1024
		d.events.expectDetail(t, e)
	}
}

// makeGRUB makes the image that a PXE ROM loads. It reads its configuration from the host.
func makeGRUB(t *testing.T, host string) []byte {
	dir := t.TempDir()
	first, image := filepath.Join(dir, "first.cfg"), filepath.Join(dir, "grub.0")
	err := os.WriteFile(first, []byte("serial --unit=0\nconfigfile (tftp,"+host+")/grub/grub.cfg\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command(peer(t, "grub-mkimage"), "-O", "i386-pc-pxe", "-o", image, "-c", first, "-p", "(tftp,"+host+")/grub",
		"pxe", "tftp", "net", "hashsum", "gcry_sha256", "serial", "terminal", "echo", "cat", "configfile", "normal"))
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bootBoard starts an ARM board with U-Boot, and types at its prompt: blocks of every kind,
// alone and in windows, and more of them than 16 bits count.
func bootBoard(t *testing.T, args []string) {
	qemu := peer(t, "qemu-system-arm")
	d, host, root := bootServer(t, args)
	image := place(t, root, "image.bin", randomBytes(1_000_000))
	long := place(t, root, "long.bin", randomBytes(64*65_552))

	c := powerOn(t, exec.Command(qemu, "-accel", "tcg", "-machine", "virt", "-m", "256", "-nodefaults", "-display", "none",
		"-serial", "stdio", "-no-reboot", "-bios", resource(t, "/usr/lib/u-boot/qemu_arm/u-boot.bin"),
		"-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"))
	c.find(t, "stop autoboot")
	c.enter(t, "")
	c.find(t, "=> ")
	c.enter(t, "setenv ipaddr 10.0.2.15; setenv netmask 255.255.255.0; setenv gatewayip 10.0.2.2; setenv serverip "+host)
	c.find(t, "=> ")
	for _, row := range []struct {
		file   string
		octets []byte
		block  int
		window int
		want   string
	}{
		{"image.bin", image, 512, 1, "octet, blksize=512 "},
		{"image.bin", image, 1468, 1, "octet, blksize=1468 "},
		{"image.bin", image, 1468, 8, "windowsize=8"},
		{"long.bin", long, 64, 16, "windowsize=16"},
	} {
		c.enter(t, fmt.Sprintf("setenv tftpblocksize %d; setenv tftpwindowsize %d; tftpboot 0x41000000 %s && crc32 0x41000000 ${filesize}",
			row.block, row.window, row.file))
		c.find(t, fmt.Sprintf("==> %08x", crc32.ChecksumIEEE(row.octets)))
		c.find(t, "=> ")
		e := transferred("read", "/"+row.file, int64(len(row.octets)))
		e.Detail = row.want
		d.events.expectDetail(t, e)
	}
	c.enter(t, "tftpboot 0x41000000 missing")
	c.find(t, "file not found")
}

// bootServer serves a new folder on port 69, which boot loaders ask without exception: so
// it gets an address of its own.
func bootServer(t *testing.T, args []string) (e endpoint, host, root string) {
	root = folder(t)
	for range 20 {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
		free, err := net.ListenPacket("udp4", host+":69")
		if err != nil {
			continue
		}
		free.Close()
		d := serveAnywhere(t, root, append(args, "--listen", host, "--ftp", "off", "--tftp", "69")...)
		return d.speaking(t, "tftp"), host, root
	}
	t.Fatal("no address of this machine has its port 69 free, or only root may take it")
	return endpoint{}, "", ""
}

// place puts a file into the folder that is served.
func place(t *testing.T, root, name string, octets []byte) []byte {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, octets, 0o644); err != nil {
		t.Fatal(err)
	}
	return octets
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// words are n words that are in no boot loader.
func words(n int) []string {
	w := make([]string, n)
	for i := range w {
		w[i] = fmt.Sprintf("%x", rand.Uint64()|1<<63)
	}
	return w
}

// resource returns the path of a file that another project's package brings.
func resource(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("SKIP_PEERS") == "1" {
		t.Skipf("%s is not installed", path)
	}
	t.Fatalf("%s is not installed: run scripts/peers, or set SKIP_PEERS=1 to test without it", path)
	return ""
}

// console is the serial line of a machine.
type console struct {
	transcript
	keys io.Writer
	from int // what has been looked at
}

// powerOn starts a machine, which runs until the test has ended.
func powerOn(t *testing.T, cmd *exec.Cmd) *console {
	t.Helper()
	c := new(console)
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.keys = keys
	cmd.Stdout, cmd.Stderr = c, c
	daemon(t, cmd)
	return c
}

// find waits until the machine prints what is wanted, after what was found before.
func (c *console) find(t *testing.T, want string) {
	t.Helper()
	c.await(t, want, func(text string) bool {
		at := strings.Index(text[c.from:], want)
		if at < 0 {
			return false
		}
		c.from += at + len(want)
		return true
	})
}

// enter types a line.
func (c *console) enter(t *testing.T, line string) {
	t.Helper()
	if _, err := io.Copy(c.keys, bytes.NewBufferString(line+"\n")); err != nil {
		t.Fatal(err)
	}
}
