package iossim

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/show"
)

// sys is the file systems as this terminal sees them.
func (s *session) sys() place.System {
	y := s.d.sys()
	y.Here = s.here
	return y
}

// dir lists a directory, or a file.
func dir(s *session, a args, w io.Writer) error {
	p, err := s.sys().Find(a["file"])
	if err == nil && (p.Scheme == "startup-config" || p.Scheme == "nvram") {
		s.dirNVRAM(w)
		return nil
	}
	if err != nil || p.FS == nil {
		fmt.Fprintf(w, "%%Error opening %s (Invalid argument)\n", a["file"])
		return nil
	}
	all, err := p.FS.List(p.Path, a["all"] != "")
	if errors.Is(err, flash.ErrNotDir) {
		f, err := p.FS.Stat(p.Path)
		if err != nil {
			return nil // it has gone meanwhile
		}
		show.Dir(w, p, []flash.File{f})
		return nil
	}
	if err != nil {
		fmt.Fprintf(w, "%%Error opening %s/%s (%s)\n", p.Prefix, p.Path, place.Why(err))
		return nil
	}
	if a["recursive"] == "" {
		show.Dir(w, p, all)
		return nil
	}
	show.Listing(w, p.Prefix+"/"+p.Path+"*", all)
	below(w, p, all)
	show.Space(w, p.FS)
	return nil
}

// below lists the directories among these files, and those in them.
func below(w io.Writer, p place.Place, all []flash.File) {
	for _, f := range all {
		if !f.Dir {
			continue
		}
		inside, err := p.FS.List(f.Name, false)
		if err != nil {
			continue // it has gone meanwhile
		}
		fmt.Fprintln(w)
		show.Listing(w, p.Prefix+"/"+f.Name, inside)
		below(w, p, inside)
	}
}

// onFlash finds what a command names, asking for a name where there is none, and says so
// where that is not on a flash.
func (s *session) onFlash(text, question string) (p place.Place, ok bool, err error) {
	p, err = s.sys().Find(text)
	if err != nil || p.FS == nil {
		s.Print("%Error parsing filename (Invalid argument)\n")
		return p, false, nil
	}
	if question != "" {
		answer, err := s.Ask(question + " [" + p.Path + "]? ")
		if err != nil {
			return p, false, err
		}
		p.Path = or(flash.Clean(answer), p.Path)
	}
	return p, true, nil
}

// deleteFile deletes after two questions, or with /force after none.
func deleteFile(s *session, a args, _ io.Writer) error {
	question := "Delete filename"
	if a["force"] != "" {
		question = ""
	}
	p, ok, err := s.onFlash(a["file"], question)
	if err != nil || !ok {
		return err
	}
	f, err := p.FS.Stat(p.Path)
	if err == nil && f.Dir && a["recursive"] != "" {
		return s.deleteAll(p, f, a["force"] != "")
	}
	if a["force"] == "" {
		yes, err := s.Confirm("Delete " + p.Prefix + "/" + p.Path + "? ")
		if err != nil || !yes {
			return err
		}
	}
	if err == nil {
		err = p.FS.Remove(p.Path)
	}
	if err != nil {
		s.Printf("%%Error deleting %s%s (%s)\n", p.Prefix, p.Path, place.Why(err))
	}
	return nil
}

// deleteAll deletes a directory with what is in it, and asks of each unless it is forced.
func (s *session) deleteAll(p place.Place, f flash.File, force bool) error {
	name := p.Prefix + "/" + f.Name
	if force {
		if err := p.FS.RemoveAll(f.Name); err != nil {
			s.Printf("%%Error deleting %s (%s)\n", name, place.Why(err))
		}
		return nil
	}
	if yes, err := s.Confirm("Examine files in directory " + name + "? "); err != nil || !yes {
		return err
	}
	inside, err := p.FS.List(f.Name, false)
	if err != nil {
		return nil // it has gone meanwhile
	}
	for _, one := range inside {
		if one.Dir {
			err = s.deleteAll(p, one, false)
		} else {
			err = s.deleteOne(p, one.Name, p.FS.Remove)
		}
		if err != nil {
			return err
		}
	}
	return s.deleteOne(p, f.Name, p.FS.Rmdir)
}

func (s *session) deleteOne(p place.Place, name string, remove func(string) error) error {
	yes, err := s.Confirm("Delete " + p.Prefix + "/" + name + "? ")
	if err != nil || !yes {
		return err
	}
	if err := remove(name); err != nil {
		s.Printf("%%Error deleting %s/%s (%s)\n", p.Prefix, name, place.Why(err))
	}
	return nil
}

func makeDir(s *session, a args, _ io.Writer) error {
	p, ok, err := s.onFlash(a["file"], "Create directory filename")
	if err != nil || !ok {
		return err
	}
	if err := p.FS.Mkdir(p.Path, s.d.now()); err != nil {
		s.Printf("%%Error Creating dir %s%s (%s)\n", p.Prefix, p.Path, place.Why(err))
		return nil
	}
	s.Printf("Created dir %s%s\n", p.Prefix, p.Path)
	return nil
}

func removeDir(s *session, a args, _ io.Writer) error {
	p, ok, err := s.onFlash(a["file"], "Remove directory filename")
	if err != nil || !ok {
		return err
	}
	yes, err := s.Confirm("Delete " + p.Prefix + "/" + p.Path + "? ")
	if err != nil || !yes {
		return err
	}
	if err := p.FS.Rmdir(p.Path); err != nil {
		s.Printf("%%Error Removing dir %s%s (%s)\n", p.Prefix, p.Path, place.Why(err))
		return nil
	}
	s.Printf("Removed dir %s%s\n", p.Prefix, p.Path)
	return nil
}

func rename(s *session, a args, _ io.Writer) error {
	from, ok, err := s.onFlash(a["from"], "")
	if err != nil || !ok {
		return err
	}
	to, ok, err := s.onFlash(a["to"], "Destination filename")
	if err != nil || !ok {
		return err
	}
	if from.FS != to.FS {
		s.Printf("%%Error renaming %s (Invalid argument)\n", from)
		return nil
	}
	if err := from.FS.Rename(from.Path, to.Path); err != nil {
		s.Printf("%%Error renaming %s (%s)\n", from, place.Why(err))
	}
	return nil
}

// changeDir says where names without a colon are.
func changeDir(s *session, a args, _ io.Writer) error {
	if a["file"] == "" {
		s.here = place.Place{}
		return nil
	}
	p, err := s.sys().Find(a["file"])
	if err != nil || p.FS == nil {
		s.Printf("%%Error changing to directory %s (Invalid argument)\n", a["file"])
		return nil
	}
	if _, err := p.FS.List(p.Path, false); err != nil {
		s.Printf("%%Error changing to directory %s/%s (%s)\n", p.Prefix, p.Path, place.Why(err))
		return nil
	}
	p.Path = strings.TrimSuffix(p.Path, "/")
	s.here = p
	return nil
}

func printDir(s *session, _ args, w io.Writer) error {
	p := s.here
	switch {
	case p.FS == nil:
		fmt.Fprintln(w, s.d.model.Storage)
	case p.Path == "":
		fmt.Fprintln(w, p.Prefix)
	default:
		fmt.Fprintf(w, "%s/%s/\n", p.Prefix, p.Path)
	}
	return nil
}
