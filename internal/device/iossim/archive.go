package iossim

import (
	"fmt"
	"io"
	"strings"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
)

// archive keeps a copy of the running-config where the configuration says.
func (s *session) archive() {
	d := s.d
	c := d.config()
	path, _ := c.Below("archive", "path")
	if path == "" {
		s.Print("%% The archive path is not configured\n")
		return
	}
	p, err := d.sys().Find(strings.ReplaceAll(path, "$h", d.Hostname()))
	if err != nil || p.FS == nil {
		s.Printf("%%Error archiving to %s (Invalid argument)\n", path)
		return
	}
	most := 10
	if text, ok := c.Below("archive", "maximum"); ok {
		fmt.Sscan(text, &most)
	}
	d.mu.Lock()
	d.archived = append(d.archived, archived{p.FS, ""})
	n := d.archives + 1
	d.archives = n
	name := fmt.Sprintf("%s-%s-%d", p.Path, d.clock().Format("Jan-_2-15-04-05.000"), n-1)
	name = strings.ReplaceAll(name, " ", "-")
	d.archived[len(d.archived)-1].name = name
	var old []archived
	if drop := len(d.archived) - most; drop > 0 {
		old, d.archived = d.archived[:drop:drop], d.archived[drop:]
	}
	d.mu.Unlock()
	for _, o := range old {
		_ = o.fs.Remove(o.name) // somebody may have deleted it already
	}
	if err := p.FS.Put(name, flash.Text(d.runningText()), d.now()); err != nil {
		s.Printf("%%Error archiving to %s%s (%s)\n", p.Prefix, name, place.Why(err))
	}
}

// archived is a copy that archive keeps.
type archived struct {
	fs   *flash.FS
	name string
}

func archiveConfig(s *session, _ args, _ io.Writer) error {
	s.archive()
	return nil
}

func showArchive(s *session, _ args, w io.Writer) error {
	c := s.d.config()
	if path, _ := c.Below("archive", "path"); path == "" {
		fmt.Fprint(w, "The archive feature is not enabled.\n")
		return nil
	}
	most, ok := c.Below("archive", "maximum")
	if !ok {
		most = "10"
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	path, _ := c.Below("archive", "path")
	fmt.Fprintf(w, "The maximum archive configurations allowed is %s.\nThere are currently %d archive configurations saved.\n", most, len(s.d.archived))
	fmt.Fprintf(w, "The next archive file will be named %s-<timestamp>-%d\n Archive #  Name\n", path, s.d.archives)
	for i, a := range s.d.archived {
		mark := ""
		if i == len(s.d.archived)-1 {
			mark = " <- Most Recent"
		}
		fmt.Fprintf(w, "   %-8d %s%s%s\n", i+1, s.d.model.Storage, a.name, mark)
	}
	return nil
}
