package show

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
)

// Dir is "dir": files of a directory, and how much space there is.
func Dir(w io.Writer, p place.Place, all []flash.File) {
	Listing(w, p.Prefix+"/"+p.Path, all)
	Space(w, p.FS)
}

// Listing is the files of one directory.
func Listing(w io.Writer, name string, all []flash.File) {
	fmt.Fprintf(w, "Directory of %s\n\n", name)
	if len(all) == 0 {
		fmt.Fprint(w, "No files in directory\n")
	}
	for _, f := range all {
		name, mode := f.Base(), "-rw-"
		if f.Dir {
			mode = "drw-"
		}
		if f.Deleted {
			name = "[" + name + "]"
		}
		fmt.Fprintf(w, "%5d  %s  %10d  %s  %s\n", f.Index, mode, f.Content.Size(), fileTime(f.Time), name)
	}
}

// Space is the line that ends a listing.
func Space(w io.Writer, fs *flash.FS) {
	fmt.Fprintf(w, "\n%d bytes total (%d bytes free)\n", fs.Capacity(), fs.Free())
}

func fileTime(t time.Time) string { return fmt.Sprintf("%24s", t.Format("Jan 2 2006 15:04:05 -07:00")) }

// Flash is "show flash:" of routers, and of switches with IOS XE.
func Flash(w io.Writer, p place.Place) {
	fmt.Fprint(w, "-#- --length-- -----date/time------ path\n")
	used := int64(0)
	for _, f := range p.FS.Files() {
		fmt.Fprintf(w, "%-3d %10d %s /%s\n", f.Index, f.Content.Size(), f.Time.Format("Jan 2 2006 15:04:05 -07:00"), path.Clean(f.Name))
	}
	used = p.FS.Capacity() - p.FS.Free()
	fmt.Fprintf(w, "\n%d bytes available (%d bytes used)\n\n", p.FS.Free(), used)
}

// FileSystems is "show file systems", with so many octets used in NVRAM.
func FileSystems(w io.Writer, y place.System, used int) {
	fmt.Fprint(w, "File Systems:\n\n       Size(b)       Free(b)      Type  Flags  Prefixes\n")
	row := func(mark, size, free, kind, flags, prefixes string) {
		fmt.Fprintf(w, "%s%13s %13s %9s %6s   %s\n", mark, size, free, kind, flags, prefixes)
	}
	row(" ", "-", "-", "opaque", "rw", "system:")
	for i, fs := range y.Flash {
		names := append([]string{y.Model.Storage}, y.Model.Aliases...)
		mark := "*"
		if len(y.Flash) > 1 {
			names = append(names, fmt.Sprintf("flash-%d:", i+1))
		}
		if i > 0 {
			mark, names = " ", names[len(names)-1:]
		}
		if i == 1 {
			names = append(names, "stby-flash:")
		}
		row(mark, itoa(fs.Capacity()), itoa(fs.Free()), "disk", "rw", strings.Join(names, " "))
	}
	row(" ", itoa(int64(y.Model.NVRAM)), itoa(int64(y.Model.NVRAM-used)), "nvram", "rw", "nvram:")
	row(" ", "-", "-", "opaque", "wo", "null:")
	for _, p := range []string{"tftp:", "ftp:", "scp:"} {
		row(" ", "-", "-", "network", "rw", p)
	}
	fmt.Fprintln(w)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
