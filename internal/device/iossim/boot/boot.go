// Package boot is what a simulated device boots: the first file of its boot list that is
// whole and for its platform, or the packages that packages.conf names. It starts nothing.
package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
)

// Boot is something that boots.
type Boot struct {
	Image     string // such as "flash0:x.bin"
	Version   string
	Installed bool // from packages
}

// IgnoresStartup reports whether a register makes the device forget its configuration.
func IgnoresStartup(register string) bool { return Register(register)&0x40 != 0 }

// Register returns the value of a configuration register, 0 if it is none.
func Register(register string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(register), "0x"), 16, 16)
	return n
}

// List is the files that a startup-config wants to boot, the first first.
func List(m model.Model, startup string) (all []string) {
	var c conf.Config
	for l := range strings.Lines(startup) {
		if strings.HasPrefix(l, "boot system ") {
			c.Add(strings.TrimSpace(l))
		}
	}
	for _, rest := range c.All("boot system") {
		words := strings.Fields(strings.TrimPrefix(rest, "switch all "))
		name := words[len(words)-1]
		if !strings.Contains(name, ":") {
			name = m.Storage + name
		}
		all = append(all, strings.Split(name, ";")...) // a switch has several in one line
	}
	return all
}

// Choose finds what boots: the first of the boot list that is whole and for this platform,
// else the first image on the flash. What it says on the way is returned too.
func Choose(y place.System, startup, register string) (Boot, string, bool) {
	var said strings.Builder
	if low := Register(register) & 0xf; low == 0 {
		return Boot{}, "", false
	}
	list := List(y.Model, startup)
	if first := firstImage(y); first != "" && !slices.Contains(list, first) {
		list = append(list, first)
	}
	for _, name := range list {
		b, err := Try(y, name)
		if err == nil {
			said.WriteString(Loading(y.Model, b.Image))
			return b, said.String(), true
		}
		said.WriteString(NotLoading(y.Model, name, err))
	}
	return Boot{}, said.String(), false
}

// firstImage is the first file of the flash that looks like one.
func firstImage(y place.System) string {
	for _, f := range y.Flash[0].Files() {
		if f.Name == Conf || path.Ext(f.Name) == ".bin" {
			return y.Model.Storage + f.Name
		}
	}
	return ""
}

var errPlatform = errors.New("image for another platform")

// Try looks whether a file boots.
func Try(y place.System, name string) (Boot, error) {
	p, err := y.Find(name)
	if err != nil {
		return Boot{}, fmt.Errorf("boot: %w", err)
	}
	if p.FS == nil {
		return Boot{}, fmt.Errorf("boot: %s: %w", name, errors.ErrUnsupported)
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		return Boot{}, err
	}
	if f.Name == Conf && y.Model.Install {
		version, err := provisioned(y.Model, p.FS, f)
		return Boot{p.Prefix + f.Name, version, true}, err
	}
	h, err := Whole(y.Model, f.Content)
	return Boot{Image: p.Prefix + f.Name, Version: h.Version}, err
}

// Whole checks an image. One that was made here is whole.
func Whole(m model.Model, c flash.Content) (h image.Header, err error) {
	if i, ok := c.(*image.Image); ok {
		h = i.Header()
	} else if h, err = image.Check(io.NewSectionReader(c, 0, c.Size())); err != nil {
		return h, err
	}
	if h.Platform != m.Name {
		return h, errPlatform
	}
	return h, nil
}

// Loading is what a device says while it loads a file.
func Loading(m model.Model, name string) string {
	switch {
	case m.XE && strings.HasSuffix(name, Conf):
		return "boot: attempting to boot from [" + name + "]\nboot: reading file " + Conf + "\n" + strings.Repeat("#", 70) + "\n\nImage passed digital signature verification\n\n"
	case m.XE:
		return "boot: attempting to boot from [" + name + "]\n" + strings.Repeat("#", 70) + "\n\nPackage header rev 3 structure detected\nImage validated\n\n"
	case m.Switch:
		return "Loading \"" + Slashed(name) + "\"..." + strings.Repeat("@", 60) + "\nFile \"" + Slashed(name) + "\" uncompressed and installed, entry point: 0x3000\nexecuting...\n\n"
	}
	return "program load complete, entry point: 0x80803000, size: 0x1b340\nloading " + name + "\nSelf decompressing the image : " + strings.Repeat("#", 60) + " [OK]\n\n"
}

// Slashed is a name with a slash behind the colon.
func Slashed(name string) string { return strings.Replace(name, ":", ":/", 1) }

// NotLoading is what it says of a file that does not boot.
func NotLoading(m model.Model, name string, err error) string {
	reason := "file not found"
	switch {
	case errors.Is(err, image.ErrDamaged):
		reason = "image checksum is incorrect"
	case errors.Is(err, image.ErrForeign):
		reason = "bad magic number, not an executable"
	case errors.Is(err, errPlatform):
		reason = "image is not for this platform"
	}
	if m.Switch && !m.XE {
		return "Loading \"" + Slashed(name) + "\"...\n" + Slashed(name) + ": " + reason + "\n\nError loading \"" + Slashed(name) + "\"\n\n"
	}
	return "boot: cannot load \"" + name + "\": " + reason + "\n\n"
}

// File is a file on a flash.
type File struct {
	Name    string
	Content flash.Content
}

// Conf names the packages that boot in install mode.
const Conf = "packages.conf"

// Provisioning is its text.
func Provisioning(m model.Model, version string) flash.Text {
	var b strings.Builder
	fmt.Fprintf(&b, "#! /usr/binos/bin/packages_conf.sh\n# simulated by dray, version %s\n", version)
	for _, p := range m.Packages(version) {
		kind := strings.TrimPrefix(strings.SplitN(p.Name, ".", 2)[0], "cat9k-")
		fmt.Fprintf(&b, "iso   rp 0 0   %-12s %s\n", kind, p.Name)
	}
	return flash.Text(b.String())
}

// Packages are what an image is unpacked into.
func Packages(m model.Model, h image.Header) (all []File, err error) {
	for _, p := range m.Packages(h.Version) {
		i, err := image.New(image.Header{Platform: h.Platform, Version: h.Version, Size: max(h.Size*p.Share/100, 256)})
		if err != nil {
			return nil, fmt.Errorf("boot: %w", err)
		}
		all = append(all, File{p.Name, i})
	}
	return all, nil
}

// provisioned reads packages.conf, checks what it names, and returns the version.
func provisioned(m model.Model, fs *flash.FS, f flash.File) (version string, err error) {
	text, err := io.ReadAll(io.LimitReader(f.Reader(), 64<<10))
	if err != nil {
		return "", fmt.Errorf("boot: %w", err)
	}
	for l := range bytes.Lines(text) {
		words := strings.Fields(string(l))
		if len(words) == 0 || path.Ext(words[len(words)-1]) != ".pkg" {
			continue
		}
		p, err := fs.Open(words[len(words)-1])
		if err != nil {
			return "", err
		}
		h, err := Whole(m, p.Content)
		if err != nil {
			return "", err
		}
		version = h.Version
	}
	if version == "" {
		return "", image.ErrForeign
	}
	return version, nil
}
