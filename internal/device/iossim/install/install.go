// Package install is install mode of simulated devices: versions that are added, activated
// and committed, or rolled back, by hand or by the automatic timer. What boots is what the
// packages.conf says that it writes on every member (package boot).
package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/pause"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/tty"
)

// Device is the device that is installed on.
type Device interface {
	Now() time.Time
	Version() string // that runs
	Image() string   // that runs, such as "flash:packages.conf"
	Modified() bool  // whether the running-config was not saved
	Save() error     // saves it, and says so
	Message(format string, args ...any)
	Restart() // goes down some seconds later

	// Later calls f after a time, in a goroutine, unless stop is called before.
	Later(in time.Duration, f func()) (stop func())
}

// release is a version that install knows.
type release struct {
	version string
	state   byte // I, U, C or D, as show install summary explains them
}

// State is what install knows. The zero value knows nothing; it may be used by several
// goroutines.
type State struct {
	mu       sync.Mutex
	releases []release
	deadline time.Time // of the automatic rollback; zero if none is to come
	stop     func()
}

// Booted notes what runs.
func (i *State) Booted(version string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !slices.ContainsFunc(i.releases, func(r release) bool { return r.version == version }) {
		i.releases = append(i.releases, release{version, 'C'})
	}
}

// find returns the last version in a state.
func (i *State) find(state byte) (version string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range i.releases {
		if r.state == state {
			version, ok = r.version, true
		}
	}
	return version, ok
}

// set changes the states of versions, in turn.
func (i *State) set(changes ...release) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range changes {
		n := slices.IndexFunc(i.releases, func(r release) bool { return r.version == c.version })
		if n < 0 {
			i.releases = append(i.releases, c)
		} else {
			i.releases[n].state = c.state
		}
	}
}

// numbered is a version as install prints it: without letters, with the number of a build.
func numbered(version string) string {
	return strings.TrimRight(version, "abcdefghijklmnopqrstuvwxyz") + ".0.1"
}

// Operator is somebody who runs commands of install at a terminal.
type Operator struct {
	*tty.Terminal
	Device Device
	State  *State
	System place.System
	Speed  pause.Speed
}

// members is "1 2 3".
func members(y place.System) string {
	var b strings.Builder
	for i := range y.Flash {
		fmt.Fprintf(&b, " %d", i+1)
	}
	return b.String()[1:]
}

// operation runs a command of install, between its lines START and SUCCESS. What it was
// done with stands in the last line; "" is nothing.
func (o *Operator) operation(name, with string, job func() error) error {
	o.Printf("%s: START %s\n", name, o.now())
	err := job()
	var failed *failure
	switch {
	case errors.As(err, &failed) && failed.plain:
		o.Printf("FAILED: %s\n", failed.text)
		return nil
	case errors.As(err, &failed):
		o.Printf("FAILED: %s : %s\n", name, failed.text)
		return nil
	case err == nil:
		o.Printf("SUCCESS: %s%s %s\n", name, with, o.now())
	}
	return err
}

func (o *Operator) now() string { return o.Device.Now().Format("Mon Jan _2 15:04:05 MST 2006") }

type failure struct {
	text  string
	plain bool // said without the name of the operation
}

func (e *failure) Error() string { return e.text }

// step shows the lines of a step on all members, as slowly as it goes.
func (o *Operator) step(name string, long time.Duration) error {
	o.Printf("--- Starting %s ---\nPerforming %s on all members\n", name, name)
	err := o.During(func(ctx context.Context, show func(string)) error {
		for i := range o.System.Flash {
			if err := o.Speed.For(ctx, long/time.Duration(len(o.System.Flash))); err != nil {
				return err
			}
			show(fmt.Sprintf("  [%d] %s package(s) on switch %d\n  [%d] Finished %s on switch %d\n", i+1, name, i+1, i+1, name, i+1))
		}
		return nil
	})
	if err == nil {
		o.Printf("Checking status of %s on [%s]\n%s: Passed on [%s]\nFinished %s\n\n", name, members(o.System), name, members(o.System), name)
	}
	return err
}

// Options are the words of a command of install.
type Options struct {
	Add, Activate, Commit bool
	File                  string // of Add
	Quiet                 bool   // prompt-level none
	Minutes               int    // of auto-abort-timer; 0 is the usual time
}

// Run is "install add|activate|commit …".
func (o *Operator) Run(w Options) error {
	name := "install"
	for _, word := range []struct {
		yes  bool
		name string
	}{{w.Add, "_add"}, {w.Activate, "_activate"}, {w.Commit, "_commit"}} {
		if word.yes {
			name += word.name
		}
	}
	restart := false
	with := ""
	if w.Add && !w.Activate {
		with = " /" + strings.TrimPrefix(strings.Replace(w.File, ":", "/", 1), "/")
	}
	err := o.operation(name, strings.ReplaceAll(with, "//", "/"), func() error {
		if w.Activate && o.Device.Modified() {
			if err := o.unsaved(); err != nil {
				return err
			}
		}
		if w.Add {
			if err := o.add(w.File); err != nil {
				return err
			}
		}
		if w.Activate {
			if err := o.activate(w); err != nil {
				return err
			}
			restart = true
		}
		if w.Commit {
			return o.commit()
		}
		return nil
	})
	if err == nil && restart {
		o.Device.Restart()
	}
	return err
}

// unsaved is the question of a device whose configuration was changed.
func (o *Operator) unsaved() error {
	o.Print("\nSystem configuration has been modified.\nPress Yes(y) to save the configuration and proceed.\nPress No(n) for proceeding without saving the configuration.\n")
	for {
		answer, err := o.Ask("Press Quit(q) to exit, you may save configuration and re-enter the command. [y/n/q] ")
		if err != nil {
			return err
		}
		switch strings.ToLower(answer) {
		case "y":
			return o.Device.Save()
		case "n":
			return nil
		case "q":
			return &failure{"System configuration has been modified. Please save configuration and resubmit command.", true}
		}
	}
}

// add unpacks an image on the flash of every member.
func (o *Operator) add(file string) error {
	p, err := o.System.Find(file)
	if err != nil || p.FS == nil {
		return &failure{text: "cannot open " + file}
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		return &failure{text: file + " does not exist"}
	}
	h, err := boot.Whole(o.System.Model, f.Content)
	if err != nil {
		return &failure{text: "the image " + file + " is not valid for this platform"}
	}
	o.Print("install_add: Adding IMG\n--- Starting initial file syncing ---\n")
	files, err := boot.Packages(o.System.Model, h)
	if err != nil {
		return err
	}
	for i, fs := range o.System.Flash {
		if free := fs.Free(); free < h.Size {
			return &failure{fmt.Sprintf("There is not enough free disk available to perform this operation on switch %d. At least %d KB of free disk is required", i+1, h.Size/1024), true}
		}
	}
	o.Print("Info: Finished copying to the selected \nFinished initial file syncing\n\n")
	if err := o.step("Add", 60*time.Second); err != nil {
		return err
	}
	for _, fs := range o.System.Flash {
		for _, f := range files {
			if err := fs.Put(f.Name, f.Content, o.Device.Now()); err != nil {
				return &failure{text: place.Why(err)}
			}
		}
	}
	if _, running := o.State.find('C'); !running || o.Device.Version() != h.Version {
		o.State.set(release{h.Version, 'I'})
	}
	o.Printf("Image added. Version: %s\n", numbered(h.Version))
	return nil
}

// activate makes the version that was added the one that boots.
func (o *Operator) activate(w Options) error {
	version, ok := o.State.find('I')
	_, pending := o.State.find('U')
	old, quiet := o.Device.Version(), w.Quiet
	switch {
	case pending:
		return &failure{text: "an activation is not committed yet"}
	case !ok:
		return &failure{text: "No inactive package to activate"}
	}
	o.Print("install_activate: Activating IMG\nFollowing packages shall be activated:\n")
	for _, p := range o.System.Model.Packages(version) {
		o.Printf("/flash/%s\n", p.Name)
	}
	o.Print("\n")
	for !quiet {
		answer, err := o.Ask("This operation may require a reload of the system. Do you want to proceed? [y/n]")
		if err != nil {
			return err
		}
		if strings.ToLower(answer) == "n" {
			return &failure{text: "the operation was not confirmed"}
		}
		quiet = strings.ToLower(answer) == "y"
	}
	o.Print("\n")
	if err := o.step("Activate", 60*time.Second); err != nil {
		return err
	}
	if err := provision(o.System, version, o.Device.Now()); err != nil {
		return err
	}
	o.State.set(release{old, 'D'}, release{version, 'U'})
	if !w.Commit {
		o.arm(w.Minutes)
	}
	return nil
}

// provision writes packages.conf on every member.
func provision(y place.System, version string, now time.Time) error {
	for _, fs := range y.Flash {
		if err := fs.Put(boot.Conf, boot.Provisioning(y.Model, version), now); err != nil {
			return &failure{text: place.Why(err)}
		}
	}
	return nil
}

// arm rolls back by itself unless somebody commits in time.
func (o *Operator) arm(minutes int) {
	const usual = 120
	if minutes == 0 {
		minutes = usual
	}
	in := time.Duration(minutes) * time.Minute
	d, i, y := o.Device, o.State, o.System
	d.Message("%%INSTALL-5-INSTALL_AUTO_ABORT_TIMER_PROGRESS: Install auto abort timer will expire in %d seconds", int(in/time.Second))
	stop := d.Later(in, func() {
		if i.rollback(y, d.Now()) == nil {
			d.Message("%%INSTALL-5-INSTALL_COMPLETED_INFO: Completed install rollback, the auto abort timer has expired")
			d.Restart()
		}
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	i.deadline, i.stop = time.Now().Add(in), stop
}

// disarm stops the timer.
func (i *State) disarm() {
	i.mu.Lock()
	stop := i.stop
	i.stop, i.deadline = nil, time.Time{}
	i.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// commit keeps what was activated.
func (o *Operator) commit() error {
	version, ok := o.State.find('U')
	if !ok {
		return &failure{text: "there is nothing to commit"}
	}
	if err := o.step("Commit", 10*time.Second); err != nil {
		return err
	}
	o.State.set(release{version, 'C'})
	if old, ok := o.State.find('D'); ok {
		o.State.set(release{old, 'I'})
	}
	o.State.disarm()
	return nil
}

// rollback makes the committed version boot again.
func (i *State) rollback(y place.System, now time.Time) error {
	newer, ok1 := i.find('U')
	old, ok2 := i.find('D')
	if !ok1 || !ok2 {
		return &failure{text: "there is nothing to roll back"}
	}
	if err := provision(y, old, now); err != nil {
		return err
	}
	i.set(release{newer, 'I'}, release{old, 'C'})
	i.disarm()
	return nil
}

// Rollback is "install rollback to committed" and "install abort".
func (o *Operator) Rollback() error {
	done := false
	err := o.operation("install_rollback", "", func() error {
		o.Print("install_rollback: Rolling back\n\n")
		for {
			answer, err := o.Ask("This operation may require a reload of the system. Do you want to proceed? [y/n]")
			if err != nil {
				return err
			}
			if strings.ToLower(answer) == "n" {
				return &failure{text: "the operation was not confirmed"}
			}
			if strings.ToLower(answer) == "y" {
				break
			}
		}
		if err := o.State.rollback(o.System, o.Device.Now()); err != nil {
			return err
		}
		done = true
		return o.step("Rollback", 30*time.Second)
	})
	if done && err == nil {
		o.Device.Restart()
	}
	return err
}

// StopTimer is "install auto-abort-timer stop".
func (o *Operator) StopTimer() error {
	return o.operation("install_auto_abort_timer_stop", "", func() error {
		o.State.disarm()
		return nil
	})
}

// RemoveInactive is "install remove inactive": it deletes what does not run.
func (o *Operator) RemoveInactive() error {
	return o.operation("install_remove", " ", func() error {
		o.Print("install_remove: Removing IMG\nCleaning up unnecessary package files\nNo path specified, will use booted path flash:packages.conf\nCleaning /flash\n  Scanning boot directory for packages ... done.\n  Preparing packages list to delete ...\n")
		var keep []string
		o.State.mu.Lock()
		for _, r := range o.State.releases {
			if r.state != 'I' {
				keep = append(keep, r.version)
			}
		}
		o.State.mu.Unlock()
		image := o.Device.Image()
		var gone []string
		for _, f := range o.System.Flash[0].Files() {
			used := slices.ContainsFunc(keep, func(v string) bool { return strings.Contains(f.Name, "."+v+".") })
			switch ext := path.Ext(f.Name); {
			case ext == ".pkg" && used, strings.HasSuffix(image, f.Name):
				o.Printf("    %s\n      File is in use, will not delete.\n", f.Name)
			case ext == ".pkg", ext == ".bin":
				gone = append(gone, f.Name)
			}
		}
		o.Print("  done.\n\n")
		if len(gone) == 0 {
			o.Print("SUCCESS: No extra package or provisioning files found on media. Nothing to clean.\n")
			return nil
		}
		o.Printf("The following files will be deleted:\n[switch %s]:\n", members(o.System))
		for _, name := range gone {
			o.Printf("/flash/%s\n", name)
		}
		for {
			answer, err := o.Ask("\nDo you want to remove the above files? [y/n]")
			if err != nil {
				return err
			}
			if strings.ToLower(answer) == "n" {
				return nil
			}
			if strings.ToLower(answer) == "y" {
				break
			}
		}
		o.removeEverywhere(gone)
		return nil
	})
}

func (o *Operator) removeEverywhere(gone []string) {
	for _, name := range gone {
		o.Printf("Deleting file flash:%s ... ", name)
		for _, fs := range o.System.Flash {
			_ = fs.Remove(name) // a member may lack it
		}
		o.Print("done.\n")
	}
	o.State.mu.Lock()
	defer o.State.mu.Unlock()
	o.State.releases = slices.DeleteFunc(o.State.releases, func(r release) bool { return r.state == 'I' })
}

// Summary is "show install summary".
func (i *State) Summary(w io.Writer, y place.System) {
	rule := strings.Repeat("-", 80) + "\n"
	fmt.Fprintf(w, "[ Switch %s ] Installed Package(s) Information:\nState (St): I - Inactive, U - Activated & Uncommitted,\n            C - Activated & Committed, D - Deactivated & Uncommitted\n%sType  St   Filename/Version    \n%s", members(y), rule, rule)
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range i.releases {
		fmt.Fprintf(w, "IMG   %c    %-60s\n", r.state, numbered(r.version))
	}
	timer := "inactive"
	if !i.deadline.IsZero() {
		left := time.Until(i.deadline)
		timer = fmt.Sprintf("active on install_activate, time before rollback - %02d:%02d:%02d", int(left.Hours()), int(left.Minutes())%60, int(left.Seconds())%60)
	}
	fmt.Fprintf(w, "\n%sAuto abort timer: %s\n%s\n", rule, timer, rule)
}
