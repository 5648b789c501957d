package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Flag is a setting as a flag of a command line, or as its argument. It keeps what was
// said until Load.
type Flag struct {
	Setting
	said   []string
	resets bool // an empty value takes back what was set
}

// Flags are all settings that have a flag, in the order of the reference.
func Flags() (all []*Flag) {
	for _, s := range settings(new(Serve)) {
		if s.Flag != "" {
			all = append(all, &Flag{Setting: s})
		}
	}
	return all
}

// Set takes a value, and refuses one that is wrong.
func (f *Flag) Set(s string) error {
	if s != "" || !f.resets {
		if err := f.Value.Set(s); err != nil {
			return err
		}
	}
	f.said = append(f.said, strings.Clone(s)) // the command line is wiped (see cmd/dray)
	return nil
}

func (f *Flag) String() string { return "" }

// Type names the value in a usage text.
func (f *Flag) Type() string { return f.Value.Type() }

// Words are what it takes if that is one of a few words.
func (f *Flag) Words() []string {
	if w, ok := f.Value.(words); ok {
		return w.Words()
	}
	return nil
}

// Help is the usage text, with what holds when the flag is left out.
func (f *Flag) Help() string {
	text := f.Usage
	if f.isList() {
		text += "; repeatable"
	}
	switch f.absent() {
	case "none", "false":
		return text
	}
	return text + " (default " + f.absent() + ")"
}

// Input is where settings come from.
type Input struct {
	Config  string              // the file that --config names; None is no file, "" looks for one
	Flags   []*Flag             // as they were said
	Env     func(string) string // the environment, such as os.Getenv
	Environ []string            // all of the environment, as of os.Environ, to find unknown settings
	System  string              // the folder of the system's files; "" is /etc/dray

	// Stored reports whether there are users in the store of a state folder; nil: there is no store.
	Stored func(stateDir string) (bool, error)
}

// Loaded is what all sources together say.
type Loaded struct {
	Serve
	Files  []string          // the files that were read
	origin map[string]string // who said it, by key; what nobody said is not there
}

// Load reads all sources. Its error names every wrong value: where it stands, and what is
// allowed.
func (in *Input) Load() (*Loaded, error) {
	l, err := in.Gather()
	if err != nil {
		return nil, err
	}
	if in.Stored != nil {
		if l.Stored, err = in.Stored(l.StateDir); err != nil {
			return nil, err
		}
	}
	return l, l.check()
}

// Gather reads all sources, and does not look whether what they say goes together. Its error
// names every wrong value.
func (in *Input) Gather() (*Loaded, error) {
	files, err := in.Find()
	if err != nil {
		return nil, err
	}
	l := &Loaded{Files: files, origin: map[string]string{}}
	rows := settings(&l.Serve)
	var errs []error
	for _, file := range files {
		errs = append(errs, l.file(file, rows))
	}
	for i := range rows {
		errs = append(errs, l.environment(&rows[i], in.Env))
	}
	errs = append(errs, unknownVariables(in.Environ, rows))
	for _, f := range in.Flags {
		errs = append(errs, l.flag(f, rows))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if l.Dir == "" {
		l.Dir = "."
	}
	if l.StateDir == "" {
		l.StateDir = in.stateDir()
	}
	return l, nil
}

// file takes what a file says.
func (l *Loaded) file(name string, rows []Setting) error {
	text, mode, err := read(name)
	if err != nil {
		return err
	}
	d := &decoder{file: name, said: map[string]int{}}
	err = d.decode(text, rows)
	for key, line := range d.said {
		l.origin[key] = fmt.Sprintf("%s:%d", name, line)
	}
	if d.secret != "" {
		err = errors.Join(err, closed(name, d.secret, mode))
	}
	return err
}

// environment takes what a variable says. Members of a list are separated by white space.
func (l *Loaded) environment(s *Setting, env func(string) string) error {
	name := s.Env()
	if name == "" || env(name) == "" {
		return nil
	}
	values := []string{env(name)}
	if s.isList() {
		values = strings.Fields(values[0])
	}
	return l.say(s, values, name)
}

func (l *Loaded) flag(f *Flag, rows []Setting) error {
	for i := range rows {
		if rows[i].Key == f.Key && f.said != nil {
			return l.say(&rows[i], f.said, f.name())
		}
	}
	return nil
}

// name is the flag as it was typed.
func (f *Flag) name() string {
	if f.Argument {
		return strings.ToUpper(f.Flag)
	}
	return "--" + f.Flag
}

// say sets a setting, and replaces what a source before has said.
func (l *Loaded) say(s *Setting, values []string, origin string) error {
	s.clear()
	for _, v := range values {
		if err := s.Value.Set(v); err != nil {
			return fmt.Errorf("%s: %w", origin, err)
		}
	}
	l.origin[s.Key] = origin
	return nil
}

// check finds what single values cannot show, and says where it comes from.
func (l *Loaded) check() error {
	served := []string{l.Dir}
	for _, h := range l.FTP.Hosts {
		served = append(served, h.Dir)
	}
	for _, m := range l.Folders.Mounts {
		served = append(served, m.Base())
	}
	for _, u := range l.Users {
		served = append(served, u.Folders()...)
	}
	for _, file := range l.Files {
		for _, dir := range served {
			if dir != "" && within(file, dir) {
				return fmt.Errorf("%s lies in a folder that is served, %s, where clients could read or change it: move it, serve another folder, or pass --config %s", file, dir, None)
			}
		}
	}
	if err := errors.Join(l.checkKeys(served), l.checkRecords(served)); err != nil {
		return err
	}
	return l.Locate(l.Serve.Check())
}

// Locate says of a [Conflict] or an [At], and of each that is joined in err, where its setting stands.
func (l *Loaded) Locate(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var located []error
		for _, one := range all.Unwrap() {
			located = append(located, l.Locate(one))
		}
		return errors.Join(located...)
	}
	var c *Conflict
	var at *At
	key := ""
	switch {
	case errors.As(err, &at):
		key = at.Key
	case errors.As(err, &c):
		key = c.Key
	}
	if l.origin[key] != "" {
		return fmt.Errorf("%s: %w", l.origin[key], err)
	}
	return err
}

// checkKeys refuses private keys in a folder that is served: the server may read them, so
// its clients could.
func (l *Loaded) checkKeys(served []string) error {
	state := l.StateDir
	if !l.keepsKeys() && !there(state) {
		state = ""
	}
	keys := []string{state, cmp.Or(l.TLS.KeyFile, l.TLS.CertFile)}
	for _, h := range l.FTP.Hosts {
		keys = append(keys, cmp.Or(h.KeyFile, h.CertFile))
	}
	for i, key := range keys {
		for _, dir := range served {
			switch {
			case key == "" || dir == "" || !within(key, dir):
			case i == 0:
				return fmt.Errorf("%s, where private keys are kept, lies in a folder that is served, %s: clients could read them; keep them elsewhere with --state-dir, or serve another folder", key, dir)
			default:
				return fmt.Errorf("%s holds a private key and lies in a folder that is served, %s, where clients could read it: move it, or serve another folder", key, dir)
			}
		}
	}
	return nil
}

// ServesState reports whether the state folder lies in a folder that is served, where
// clients could see and perhaps change what is in it.
func (s *Serve) ServesState() bool {
	served := []string{s.Dir}
	for _, h := range s.FTP.Hosts {
		served = append(served, h.Dir)
	}
	return slices.ContainsFunc(served, func(dir string) bool { return dir != "" && within(s.StateDir, dir) })
}

// keepsKeys reports whether keys of our own are made: for TLS without a certificate from
// elsewhere, and for SSH.
func (s *Serve) keepsKeys() bool {
	_, implicit := s.FTPS.Port.Number()
	ftp := implicit || !s.FTP.Port.Off()
	return ftp && s.TLS.Mode != TLSOff && s.TLS.CertFile == "" || s.ServesSFTP()
}
