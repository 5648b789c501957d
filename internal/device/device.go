// Package device has the words in which dray speaks of network devices: what is known of one,
// which release it runs, and what a driver can do with it. It drives none itself.
package device

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"
)

// The reasons for which a driver does not do what it was told, besides those of the network
// and of the terminal.
var (
	ErrGuarded  = errors.New("that would harm the device")
	ErrExists   = errors.New("a file of that name is there")
	ErrModified = errors.New("the configuration has been changed and not saved")
	ErrDamaged  = errors.New("the file on the device is not what was sent")
	ErrBack     = errors.New("the device has not come back")
	ErrBooted   = errors.New("the device has not booted")
	ErrOther    = errors.New("the device runs something else")
	ErrLacks    = errors.New("the device cannot do that")
)

// Driver is somebody who works at one device. It is for one goroutine. Each method returns
// with what the device says, not with what should be so.
type Driver interface {
	Observer
	Files
	Booter
	Installer
	io.Closer
}

// Observer looks, and changes nothing.
type Observer interface {
	// Facts asks for all that is known of a device.
	Facts(ctx context.Context) (Facts, error)
	// List lists a folder, such as "flash:". "" is the default file system.
	List(ctx context.Context, dir string) (Listing, error)
	// Config returns the configuration that runs, or the one that is kept.
	Config(ctx context.Context, kept bool) (string, error)
}

// Files moves files, from and to servers that the device can reach.
type Files interface {
	// Fetch has the device copy a file to its flash. What it leaves when it fails is deleted.
	Fetch(ctx context.Context, c Copy) (int64, error)
	// Store has it copy a file, or "running-config", to a URL.
	Store(ctx context.Context, file, url string) (int64, error)
	// Verify returns the MD5 of a file as the device reads it, in lower-case hexadecimal.
	Verify(ctx context.Context, file string) (string, error)
	// Check has the device compare an image with the vendor's own sum or signature in it.
	Check(ctx context.Context, file string) error
	// Delete deletes one file. What the device needs to boot is [ErrGuarded].
	Delete(ctx context.Context, file string) error
}

// Booter says what boots, and boots it.
type Booter interface {
	// SetBoot makes these files the boot list, the first to be tried in front, in the form
	// that the configuration has already. It is not saved by that.
	SetBoot(ctx context.Context, files []string) error
	// Save keeps the running configuration. Other says that one which another version has
	// written may be overwritten: then there is a copy of it elsewhere.
	Save(ctx context.Context, other bool) error
	// Reload reboots. It returns when the device has gone.
	Reload(ctx context.Context, o Reload) error
	// Schedule has it reload in a while, unless that is cancelled, without what was not
	// saved: what goes wrong until then is mended by it.
	Schedule(ctx context.Context, in time.Duration) error
	// Cancel cancels what was scheduled. That nothing was is no error.
	Cancel(ctx context.Context) error
	// Return waits until the device is back from a reload, and sees that it has booted,
	// and which release: [ErrOther] if it is not want, where want is not "".
	Return(ctx context.Context, want string) (Facts, error)
}

// Installer works with the packages of devices in install mode; others are [ErrLacks].
type Installer interface {
	// Add unpacks an image, and returns the version as the device numbers it.
	Add(ctx context.Context, file string) (version string, err error)
	// Activate has the last one that was added boot; the device reloads. Unless it is
	// committed within this time, of which 0 is the device's own, it goes back by itself.
	Activate(ctx context.Context, rollback time.Duration) error
	// Commit keeps what was activated.
	Commit(ctx context.Context) error
	// Rollback goes back to what is committed; the device reloads.
	Rollback(ctx context.Context) error
	// Clean removes the packages that do not run, and returns the files that are gone. It
	// removes nothing if one of keep is among them.
	Clean(ctx context.Context, keep ...string) ([]string, error)
}

// Copy is a file to be fetched.
type Copy struct {
	URL      string // tftp://HOST/FILE, ftp://[USER[:PASSWORD]@]HOST[:PORT]/FILE or scp://…
	Password string // instead of one in the URL, where it is asked for
	To       string // such as "flash:image.bin"
	Size     int64  // of the file; 0 if it is not known
	MD5      string // of the file, in hexadecimal; "" leaves the check out
	Replace  bool   // a file of that name may go, unless it is what runs
}

// Reload is how to reload.
type Reload struct {
	// Unsaved says what becomes of changes that were not saved: "save" keeps them,
	// "discard" drops them, "" does not reload if there are any.
	Unsaved string
}

// Facts is what is known of a device.
type Facts struct {
	Hostname  string       `json:"hostname"`
	Model     string       `json:"model"`
	Serial    string       `json:"serial"`
	System    string       `json:"system"`  // IOS or IOS XE
	Release   string       `json:"release"` // as in names of images
	Software  string       `json:"software"`
	Image     string       `json:"image"`          // file that runs
	Mode      string       `json:"mode"`           // bundle or install
	Uptime    Seconds      `json:"uptime_seconds"` // to the minute
	Restarted string       `json:"restarted,omitempty"`
	Reason    string       `json:"reload_reason,omitempty"`
	Register  string       `json:"config_register,omitempty"`
	Next      string       `json:"next_config_register,omitempty"`
	Memory    int64        `json:"memory_octets,omitempty"`
	Boot      []string     `json:"boot,omitempty"` // list of the next boot
	Manual    bool         `json:"manual_boot,omitempty"`
	Scheduled string       `json:"scheduled_reload,omitempty"`
	Storage   []FileSystem `json:"file_systems,omitempty"`
	Members   []Member     `json:"members,omitempty"`
	Standby   string       `json:"standby,omitempty"` // state of the other supervisor, where there may be one
	Packages  []Package    `json:"packages,omitempty"`
	Parts     []Part       `json:"inventory,omitempty"`
}

// Seconds is a time that JSON has as a number.
type Seconds time.Duration

// MarshalJSON writes whole seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(time.Duration(s)/time.Second), 10), nil
}

// FileSystem is a place for files.
type FileSystem struct {
	Names   []string `json:"names"` // such as flash: bootflash:
	Size    int64    `json:"size"`
	Free    int64    `json:"free"`
	Default bool     `json:"default,omitempty"`
}

// Member is a switch of a stack.
type Member struct {
	Number  int    `json:"number"`
	Role    string `json:"role,omitempty"`
	State   string `json:"state,omitempty"`
	Model   string `json:"model,omitempty"`
	Release string `json:"release,omitempty"`
	Mode    string `json:"mode,omitempty"`
}

// Package is what install mode knows.
type Package struct {
	Type  string `json:"type"`
	State string `json:"state"` // I, U, C or D
	Name  string `json:"name"`
}

// Part is a piece of hardware.
type Part struct {
	Name   string `json:"name"`
	PID    string `json:"pid,omitempty"`
	Serial string `json:"serial,omitempty"`
}

// Listing is a folder of a device.
type Listing struct {
	Dir   string
	Files []File
	Size  int64 // of the file system, in octets; -1 where it does not say
	Free  int64
}

// File is one file.
type File struct {
	Name string    `json:"name"`
	Size int64     `json:"size"`
	Time time.Time `json:"time,omitzero"`
	Dir  bool      `json:"dir,omitempty"`
}

// Find returns a file by its name.
func (l Listing) Find(name string) (File, bool) {
	for _, f := range l.Files {
		if f.Name == name {
			return f, true
		}
	}
	return File{}, false
}
