package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/place"
)

// release is a version that install knows.
type releaseState struct {
	version string
	state   byte // I, U, C or D, as show install summary explains them
}

// installed is what install knows. The device's lock holds for it.
type installed struct {
	active   bool // packages run
	releases []releaseState
	deadline time.Time // of the automatic rollback; zero if none is to come
	stop     context.CancelFunc
}

// boot notes what runs.
func (i *installed) boot(version string) {
	i.active = true
	if !slices.ContainsFunc(i.releases, func(r releaseState) bool { return r.version == version }) {
		i.releases = append(i.releases, releaseState{version, 'C'})
	}
}

func (i *installed) find(state byte) (version string, ok bool) {
	for _, r := range i.releases {
		if r.state == state {
			return r.version, true
		}
	}
	return "", false
}

func (i *installed) set(version string, state byte) {
	for n := range i.releases {
		if i.releases[n].version == version {
			i.releases[n].state = state
			return
		}
	}
	i.releases = append(i.releases, releaseState{version, state})
}

// numbered is a version as install prints it: without letters, with the number of a build.
func numbered(version string) string {
	return strings.TrimRight(version, "abcdefghijklmnopqrstuvwxyz") + ".0.1"
}

// members is "1 2 3".
func (d *Device) members() string {
	var b strings.Builder
	for i := range d.flash {
		fmt.Fprintf(&b, " %d", i+1)
	}
	return b.String()[1:]
}

// operation runs a command of install, between its lines START and SUCCESS.
func (s *session) operation(name string, job func() error) error {
	s.Printf("%s: START %s\n", name, s.d.now().Format("Mon Jan _2 15:04:05 MST 2006"))
	err := job()
	var failed *installError
	if errors.As(err, &failed) {
		s.Printf("FAILED: %s : %s\n", name, failed.text)
		return nil
	}
	if err == nil {
		s.Printf("SUCCESS: %s %s\n", name, s.d.now().Format("Mon Jan _2 15:04:05 MST 2006"))
	}
	return err
}

type installError struct{ text string }

func (e *installError) Error() string { return e.text }

// step shows the lines of a step on all members, as slowly as it goes.
func (s *session) step(name string, long time.Duration) error {
	d := s.d
	s.Printf("--- Starting %s ---\nPerforming %s on all members\n", name, name)
	err := s.During(func(ctx context.Context, show func(string)) error {
		for i := range d.flash {
			if err := d.pause(ctx, long/time.Duration(len(d.flash))); err != nil {
				return err
			}
			show(fmt.Sprintf("  [%d] %s package(s) on switch %d\n  [%d] Finished %s on switch %d\n", i+1, name, i+1, i+1, name, i+1))
		}
		return nil
	})
	if err == nil {
		s.Printf("Checking status of %s on [%s]\n%s: Passed on [%s]\nFinished %s\n\n", name, d.members(), name, d.members(), name)
	}
	return err
}

// installCommand is "install add|activate|commit …".
func installCommand(s *session, a args, _ io.Writer) error {
	add, activate, commit := a["add"] != "", a["activate"] != "", a["commit"] != ""
	var words []string
	for _, w := range []struct {
		yes  bool
		name string
	}{{add, "add"}, {activate, "activate"}, {commit, "commit"}} {
		if w.yes {
			words = append(words, w.name)
		}
	}
	restart := false
	err := s.operation("install_"+strings.Join(words, "_"), func() error {
		if activate && s.d.modified() {
			if err := s.unsaved(); err != nil {
				return err
			}
		}
		if add {
			if err := s.add(a["file"]); err != nil {
				return err
			}
		}
		if activate {
			if err := s.activate(a["quiet"] != "", commit, a["minutes"]); err != nil {
				return err
			}
			restart = true
		}
		if commit {
			return s.commit()
		}
		return nil
	})
	if err == nil && restart {
		s.d.restart("Install")
	}
	return err
}

// unsaved is the question of a device whose configuration was changed.
func (s *session) unsaved() error {
	s.Print("\nSystem configuration has been modified.\nPress Yes(y) to save the configuration and proceed.\nPress No(n) for proceeding without saving the configuration.\n")
	for {
		answer, err := s.Ask("Press Quit(q) to exit, you may save configuration and re-enter the command. [y/n/q] ")
		if err != nil {
			return err
		}
		switch strings.ToLower(answer) {
		case "y":
			s.save()
			return nil
		case "n":
			return nil
		case "q":
			return &installError{"System configuration has been modified. Please save configuration and resubmit command."}
		}
	}
}

// add unpacks an image on the flash of every member.
func (s *session) add(file string) error {
	d := s.d
	p, err := d.sys().Find(file)
	if err != nil || p.FS == nil {
		return &installError{"cannot open " + file}
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		return &installError{file + " does not exist"}
	}
	h, err := boot.Whole(d.model, f.Content)
	if err != nil {
		return &installError{"the image " + file + " is not valid for this platform"}
	}
	s.Print("install_add: Adding IMG\n--- Starting initial file syncing ---\n")
	files, err := boot.Packages(d.model, h)
	if err != nil {
		return err
	}
	for i, fs := range d.flash {
		if free := fs.Free(); free < h.Size {
			return &installError{fmt.Sprintf("There is not enough free disk available to perform this operation on switch %d. At least %d KB of free disk is required", i+1, h.Size/1024)}
		}
	}
	s.Print("Info: Finished copying to the selected \nFinished initial file syncing\n\n")
	if err := s.step("Add", 60*time.Second); err != nil {
		return err
	}
	for _, fs := range d.flash {
		for _, f := range files {
			if err := fs.Put(f.Name, f.Content, d.now()); err != nil {
				return &installError{place.Why(err)}
			}
		}
	}
	d.mu.Lock()
	if _, running := d.install.find('C'); !running || d.version != h.Version {
		d.install.set(h.Version, 'I')
	}
	d.mu.Unlock()
	s.Printf("Image added. Version: %s\n", numbered(h.Version))
	return nil
}

// activate makes the version that was added the one that boots.
func (s *session) activate(quiet, commit bool, minutes string) error {
	d := s.d
	d.mu.Lock()
	version, ok := "", false
	for _, r := range d.install.releases { // the last that was added
		if r.state == 'I' {
			version, ok = r.version, true
		}
	}
	_, pending := d.install.find('U')
	old := d.version
	d.mu.Unlock()
	switch {
	case pending:
		return &installError{"an activation is not committed yet"}
	case !ok:
		return &installError{"No inactive package to activate"}
	}
	s.Print("install_activate: Activating IMG\nFollowing packages shall be activated:\n")
	for _, p := range d.model.Packages(version) {
		s.Printf("/flash/%s\n", p.Name)
	}
	s.Print("\n")
	for !quiet {
		answer, err := s.Ask("This operation may require a reload of the system. Do you want to proceed? [y/n]")
		if err != nil {
			return err
		}
		if strings.ToLower(answer) == "n" {
			return &installError{"the operation was not confirmed"}
		}
		quiet = strings.ToLower(answer) == "y"
	}
	s.Print("\n")
	if err := s.step("Activate", 60*time.Second); err != nil {
		return err
	}
	if err := d.provision(version); err != nil {
		return err
	}
	d.mu.Lock()
	d.install.set(old, 'D')
	d.install.set(version, 'U')
	d.mu.Unlock()
	if !commit {
		d.armRollback(minutes)
	}
	return nil
}

// provision writes packages.conf on every member.
func (d *Device) provision(version string) error {
	for _, fs := range d.flash {
		if err := fs.Put(boot.Conf, boot.Provisioning(d.model, version), d.now()); err != nil {
			return &installError{place.Why(err)}
		}
	}
	return nil
}

// armRollback rolls back by itself unless somebody commits in time.
func (d *Device) armRollback(minutes string) {
	const usual = 120
	n := usual
	if minutes != "" {
		fmt.Sscan(minutes, &n)
	}
	in := time.Duration(n) * time.Minute
	d.Message("%%INSTALL-5-INSTALL_AUTO_ABORT_TIMER_PROGRESS: Install auto abort timer will expire in %d seconds", int(in/time.Second))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.base.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(d.base)
	d.install.deadline, d.install.stop = time.Now().Add(in), cancel
	d.wg.Go(func() {
		t := time.NewTimer(in)
		defer t.Stop()
		select {
		case <-t.C:
			if d.rollback() == nil {
				d.Message("%%INSTALL-5-INSTALL_COMPLETED_INFO: Completed install rollback, the auto abort timer has expired")
				d.goDown("Install")
			}
		case <-ctx.Done():
		}
	})
}

// disarm stops the timer. The caller holds the lock.
func (i *installed) disarm() {
	if i.stop != nil {
		i.stop()
	}
	i.stop, i.deadline = nil, time.Time{}
}

// commit keeps what was activated.
func (s *session) commit() error {
	d := s.d
	d.mu.Lock()
	version, ok := d.install.find('U')
	d.mu.Unlock()
	if !ok {
		return &installError{"there is nothing to commit"}
	}
	if err := s.step("Commit", 10*time.Second); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.install.set(version, 'C')
	if old, ok := d.install.find('D'); ok {
		d.install.set(old, 'I')
	}
	d.install.disarm()
	return nil
}

// rollback makes the committed version boot again.
func (d *Device) rollback() error {
	d.mu.Lock()
	newer, ok1 := d.install.find('U')
	old, ok2 := d.install.find('D')
	d.mu.Unlock()
	if !ok1 || !ok2 {
		return &installError{"there is nothing to roll back"}
	}
	if err := d.provision(old); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.install.set(newer, 'I')
	d.install.set(old, 'C')
	d.install.disarm()
	return nil
}

// installRollback is "install rollback to committed" and "install abort".
func installRollback(s *session, _ args, _ io.Writer) error {
	done := false
	err := s.operation("install_rollback", func() error {
		s.Print("install_rollback: Rolling back\n\n")
		for {
			answer, err := s.Ask("This operation may require a reload of the system. Do you want to proceed? [y/n]")
			if err != nil {
				return err
			}
			if strings.ToLower(answer) == "n" {
				return &installError{"the operation was not confirmed"}
			}
			if strings.ToLower(answer) == "y" {
				break
			}
		}
		if err := s.d.rollback(); err != nil {
			return err
		}
		done = true
		return s.step("Rollback", 30*time.Second)
	})
	if done && err == nil {
		s.d.restart("Install")
	}
	return err
}

func installTimerStop(s *session, _ args, _ io.Writer) error {
	return s.operation("install_auto_abort_timer_stop", func() error {
		s.d.mu.Lock()
		defer s.d.mu.Unlock()
		s.d.install.disarm()
		return nil
	})
}

// restart goes down some seconds later, in which the device goes on answering.
func (d *Device) restart(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up || d.base.Err() != nil {
		return
	}
	life := d.life
	d.wg.Go(func() {
		if d.pause(life, bootWait) != nil {
			return
		}
		d.Message("%%PMAN-5-EXITACTION: R0/0: pvp: Process manager is exiting: reload action requested")
		d.goDown(reason)
	})
}

// removeInactive deletes what does not run.
func removeInactive(s *session, _ args, _ io.Writer) error {
	d := s.d
	return s.operation("install_remove", func() error {
		s.Print("install_remove: Removing IMG\nCleaning up unnecessary package files\nNo path specified, will use booted path flash:packages.conf\nCleaning /flash\n  Scanning boot directory for packages ... done.\n  Preparing packages list to delete ...\n")
		d.mu.Lock()
		var keep []string
		for _, r := range d.install.releases {
			if r.state != 'I' {
				keep = append(keep, r.version)
			}
		}
		image := d.image
		d.mu.Unlock()
		var gone []string
		for _, f := range d.flash[0].Files(false) {
			used := slices.ContainsFunc(keep, func(v string) bool { return strings.Contains(f.Name, "."+v+".") })
			switch ext := path.Ext(f.Name); {
			case ext == ".pkg" && used, strings.HasSuffix(image, f.Name):
				s.Printf("    %s\n      File is in use, will not delete.\n", f.Name)
			case ext == ".pkg", ext == ".bin":
				gone = append(gone, f.Name)
			}
		}
		s.Print("  done.\n\n")
		if len(gone) == 0 {
			s.Print("SUCCESS: No extra package or provisioning files found on media. Nothing to clean.\n")
			return nil
		}
		s.Printf("The following files will be deleted:\n[switch %s]:\n", d.members())
		for _, name := range gone {
			s.Printf("/flash/%s\n", name)
		}
		for {
			answer, err := s.Ask("\nDo you want to remove the above files? [y/n]")
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
		s.removeEverywhere(gone)
		return nil
	})
}

func (s *session) removeEverywhere(gone []string) {
	d := s.d
	for _, name := range gone {
		s.Printf("Deleting file flash:%s ... ", name)
		for _, fs := range d.flash {
			_ = fs.Remove(name) // a member may lack it
		}
		s.Print("done.\n")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.install.releases = slices.DeleteFunc(d.install.releases, func(r releaseState) bool { return r.state == 'I' })
}

// showInstall is "show install summary".
func showInstall(s *session, _ args, w io.Writer) error {
	d := s.d
	rule := strings.Repeat("-", 80) + "\n"
	fmt.Fprintf(w, "[ Switch %s ] Installed Package(s) Information:\nState (St): I - Inactive, U - Activated & Uncommitted,\n            C - Activated & Committed, D - Deactivated & Uncommitted\n%sType  St   Filename/Version    \n%s", d.members(), rule, rule)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.install.releases {
		fmt.Fprintf(w, "IMG   %c    %-60s\n", r.state, numbered(r.version))
	}
	timer := "inactive"
	if !d.install.deadline.IsZero() {
		left := time.Until(d.install.deadline)
		timer = fmt.Sprintf("active on install_activate, time before rollback - %02d:%02d:%02d", int(left.Hours()), int(left.Minutes())%60, int(left.Seconds())%60)
	}
	fmt.Fprintf(w, "\n%sAuto abort timer: %s\n%s\n", rule, timer, rule)
	return nil
}
