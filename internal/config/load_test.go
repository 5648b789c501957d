package config

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/config.md")

// TestReferenceIsCurrent: docs/config.md is what the table says.
func TestReferenceIsCurrent(t *testing.T) {
	const page = "../../docs/config.md"
	if *update {
		if err := os.WriteFile(page, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Reference() {
		t.Errorf("%s is not what the table says: go test ./internal/config -update", page)
	}
}

// TestTable: no row lacks what flags, file and reference are made of.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings(new(Serve)) {
		if s.Key == "" || s.Usage == "" || strings.HasSuffix(s.Usage, ".") || s.Value == nil && (s.Members == nil || s.Flag != "") || seen[s.Key] || s.Flag != "" && seen["--"+s.Flag] {
			t.Errorf("the row of %q is not whole, or there twice", s.Key)
		}
		if (s.Default == "") == (s.Unset == "") {
			t.Errorf("%s: want one of Default and Unset", s.Key)
		}
		if s.Default != "" {
			if err := s.Value.Set(s.Default); err != nil {
				t.Errorf("%s: its default is refused: %v", s.Key, err)
			}
		}
		if strings.Count(s.Key, ".") > 1 {
			t.Errorf("%s: one section is enough", s.Key)
		}
		seen[s.Key], seen["--"+s.Flag] = true, true
	}
}

// set is a place for files, and an environment.
type set struct {
	files map[string]string // under the folder
	env   map[string]string
	flags [][2]string
}

// load loads them; the folder is the current one.
func (s set) load(t *testing.T, config string) (*Loaded, error) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range s.files {
		name = filepath.FromSlash(name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("images", 0o755); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HOME": "home", "USERPROFILE": "home", "DRAY_DIR": "images"}
	maps.Copy(env, s.env)
	in := Input{Config: config, Flags: Flags(), Env: func(name string) string { return env[name] }, System: "etc"}
	for _, f := range s.flags {
		i := slices.IndexFunc(in.Flags, func(flag *Flag) bool { return flag.Flag == f[0] })
		if err := in.Flags[i].Set(f[1]); err != nil {
			t.Fatal(err)
		}
	}
	return in.Load()
}

func TestFlagsBeforeEnvironmentBeforeFile(t *testing.T) {
	l, err := set{
		files: map[string]string{"dray.yaml": "ftp:\n  port: 2100\n  passive-ports: 50000-50010\ntls:\n  mode: required\nusers: [ann:a, ben:b]\n"},
		env:   map[string]string{"DRAY_FTP": "2200", "DRAY_TLS": "optional", "DRAY_USER": "cem:c dan:d"},
		flags: [][2]string{{"ftp", "2300"}, {"write", "true"}},
	}.load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := l.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"dir: images # DRAY_DIR\n",
		"write: true # --write\n",
		"# listen: every address of the machine # default\n",
		"users: # DRAY_USER\n  - name: cem\n    password: # not shown\n  - name: dan\n",
		"ftp:\n  port: 2300 # --ftp\n  passive-ports: 50000-50010 # dray.yaml:3\n",
		"tls:\n  mode: optional # DRAY_TLS\n",
		"  data-binding: log # default\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	if len(l.Users) != 2 || l.Users[0].Password != "c" {
		t.Errorf("users are %v", l.Users)
	}
}

// TestPrintSaysTheSame: what Print writes is a file that loads to the same settings.
func TestPrintSaysTheSame(t *testing.T) {
	const file = "dir: images\nlisten: \"::1\"\nwrite: true\nlog: {format: json}\nftp: {port: 0, passive-ports: 3000}\ntls: {cert: \"a b.pem\"}\n"
	reprint(t, set{files: map[string]string{"dray.yaml": file}, env: map[string]string{"DRAY_DIR": ""}})
}

// reprint prints the settings of s, loads what was printed, and sees that it prints the same.
func reprint(t *testing.T, s set) *Loaded {
	t.Helper()
	first, err := s.load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	var out, again bytes.Buffer
	if err := first.Print(&out); err != nil {
		t.Fatal(err)
	}
	second, err := set{files: map[string]string{"x.yaml": out.String()}}.load(t, "x.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	second.origin = first.origin
	if err := second.Print(&again); err != nil {
		t.Fatal(err)
	}
	if out.String() != again.String() {
		t.Errorf("got\n%s\nwant\n%s", &again, &out)
	}
	return second
}

func TestFind(t *testing.T) {
	all := map[string]string{
		"dray.yaml": "", "home/.config/dray/config.yaml": "", "xdg/dray/config.yaml": "",
		"etc/config.yaml": "ftp: {port: 1}\ntftp: {port: 1}", "etc/conf.d/b.yaml": "ftp: {port: 3}", "etc/conf.d/a.yaml": "ftp: {port: 2}", "own": "",
	}
	without := func(names ...string) map[string]string {
		m := maps.Clone(all)
		for _, n := range names {
			delete(m, n)
		}
		return m
	}
	xdg := map[string]string{"XDG_CONFIG_HOME": "xdg"}
	for name, c := range map[string]struct {
		config string
		set    set
		want   string
	}{
		"named":       {"own", set{files: all, env: map[string]string{"DRAY_CONFIG": "nothing"}}, "own"},
		"variable":    {"", set{files: all, env: map[string]string{"DRAY_CONFIG": "own"}}, "own"},
		"none":        {None, set{files: all}, ""},
		"here":        {"", set{files: all}, "dray.yaml"},
		"of the user": {"", set{files: without("dray.yaml")}, "home/.config/dray/config.yaml"},
		"XDG":         {"", set{files: without("dray.yaml"), env: xdg}, "xdg/dray/config.yaml"},
		"system":      {"", set{files: without("dray.yaml", "home/.config/dray/config.yaml")}, "etc/config.yaml etc/conf.d/a.yaml etc/conf.d/b.yaml"},
		"odd home":    {"", set{files: map[string]string{"home/.config": "", "etc/config.yaml": "", "etc/conf.d": ""}}, "etc/config.yaml"},
		"nothing":     {"", set{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := c.set.load(t, c.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := filepath.ToSlash(strings.Join(l.Files, " ")); got != c.want {
				t.Errorf("got %s; want %s", got, c.want)
			}
			if ftp, _ := l.FTP.Port.Number(); name == "system" && ftp != 3 {
				t.Errorf("the last file does not win: port %d", ftp)
			}
		})
	}
	if _, err := (set{}).load(t, "nothing"); err == nil {
		t.Error("a file that is named and not there is no error")
	}
}

// TestWrong shows what a person reads who wrote something wrong.
func TestWrong(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  map[string]string
		want string // of each line a part
	}{
		"unknown key":      {file: "ftp:\n  prot: 21", want: "dray.yaml:2:3: ftp.prot: there is no such setting; here are port, passive-ports"},
		"unknown section":  {file: "fpt: 1", want: "dray.yaml:1:1: fpt: there is no such setting; here are dir, write, listen"},
		"a flag's name":    {file: "passive-ports: 1", want: "dray.yaml:1:1: passive-ports: there is no such setting (is it ftp.passive-ports?)"},
		"wrong value":      {file: "\nftp:\n  port: 99999", want: `dray.yaml:3:9: ftp.port: want a port from 0 to 65535, or "off"`},
		"wrong word":       {file: "tls: {mode: on}", want: "dray.yaml:1:13: tls.mode: want off, optional or required"},
		"all of them":      {file: "x: 1\nwrite: yes\nftp: 21", want: "dray.yaml:1:1: x\ndray.yaml:2:8: write: want true or false\ndray.yaml:3:6: ftp: want a section of port"},
		"section for one":  {file: "dir: {a: b}", want: "dray.yaml:1:6: dir: want one value, not a section"},
		"list for one":     {file: "dir: [a, b]", want: "dir: want one value, not a list"},
		"no value":         {file: "dir:\n", want: "dir: there is no value"},
		"twice":            {file: "dir: a\ndir: b", want: `dray.yaml:2:1: `},
		"member":           {file: "users:\n  - password: x\n    nam: amy", want: "dray.yaml:3:5: users[1].nam: there is no such setting; here are name, password, password-hash, keys, totp, groups, disabled, expires, protocols, networks, dir, home, mounts, quota-bytes, quota-files, upload-rate, download-rate, max-sessions\nusers[1]: name is missing"},
		"user as key":      {file: "users:\n- amy:s3cret: true", want: "users[1].…: there is no such setting; here are name, password"},
		"not a member":     {file: "users: {amy: s3cret}", want: "users.amy: there is no such setting\nusers: name is missing"},
		"odd key":          {file: "100%d: 1", want: "dray.yaml:1:1: 100%d: there is no such setting"},
		"alias":            {file: "dir: &a x\nstate-dir: *a", want: "anchors, aliases and tags"},
		"tag":              {file: "dir: !!str x", want: "anchors, aliases and tags"},
		"merge":            {file: "ftp:\n  <<: {port: 1}", want: "dray.yaml:2:3: ftp: want a plain word as key"},
		"a list":           {file: "- dir", want: "dray.yaml:1:1: want KEY: VALUE lines"},
		"no YAML":          {file: "users: [amy:s3cret\nx: }", want: "dray.yaml:"},
		"two documents":    {file: "dir: a\n---\ndir: b", want: "dray.yaml:3:4: want one document"},
		"environment":      {env: map[string]string{"DRAY_FTP": "x"}, want: "DRAY_FTP: want a port"},
		"user in it":       {env: map[string]string{"DRAY_USER": "s3cret"}, want: "DRAY_USER: want NAME:PASSWORD"},
		"conflict, file":   {file: "tls:\n  key: x", want: "dray.yaml:2: tls.key needs its certificate"},
		"conflict, env":    {env: map[string]string{"DRAY_TLS_KEY": "x"}, want: "DRAY_TLS_KEY: tls.key needs its certificate"},
		"binding, no TLS":  {file: "tls: {mode: off, data-binding: require}", want: "tls.data-binding needs TLS"},
		"keys of nobody":   {env: map[string]string{"DRAY_AUTHORIZED_KEYS": "keys"}, want: "DRAY_AUTHORIZED_KEYS: sftp.authorized-keys needs users"},
		"SSH CA, no users": {env: map[string]string{"DRAY_SSH_USER_CA": "ca"}, want: "DRAY_SSH_USER_CA: sftp.user-ca needs users"},
		"SFTP alone":       {file: "ftp: {port: off}\ntftp: {port: off}\nsftp: {port: 2222}", want: "sftp.port needs users"},
		"one port twice":   {file: "ftps: {port: 2100}\nftp: {port: 2100}", want: "dray.yaml:1: ftps.port is 2100, and so is ftp.port"},
		"standard port":    {env: map[string]string{"DRAY_FTPS": "21"}, want: "DRAY_FTPS: ftps.port is 21, and so is ftp.port"},
		"user twice":       {file: "users:\n- {name: a, password: s3cret}\n- a:s3cret", want: `dray.yaml:1: users has "a" twice`},
		"served":           {env: map[string]string{"DRAY_DIR": "."}, file: "write: true", want: "lies in a folder that is served"},
		"served by a host": {file: "ftp: {hosts: [{name: a, dir: .}]}", want: "lies in a folder that is served, ."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := set{files: map[string]string{"dray.yaml": c.file}, env: c.env}.load(t, "")
			if err == nil {
				t.Fatal("no error")
			}
			for want := range strings.SplitSeq(c.want, "\n") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("it shows a password: %v", err)
			}
		})
	}
}

// TestKeysOutOfReach: no client may read a private key of the server.
func TestKeysOutOfReach(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		refused string // a part of why, "" if it is fine
	}{
		"elsewhere":          {file: "state-dir: state"},
		"below":              {file: "state-dir: images/state", refused: "clients could read them; keep them elsewhere with --state-dir"},
		"a host's":           {file: "state-dir: b/state\nftp: {hosts: [{name: a, dir: b}]}", refused: "is served, b: clients"},
		"there already":      {file: "state-dir: images\ntls: {mode: off}", refused: "clients could read them"},
		"none are made":      {file: "state-dir: images/state\ntls: {mode: off}"},
		"SSH makes them":     {file: "state-dir: images/state\ntls: {mode: off}\nusers: [a:b]", refused: "clients could read them"},
		"key":                {file: "tls: {cert: cert.pem, key: images/key.pem}", refused: "images/key.pem holds a private key and lies in a folder that is served"},
		"certificate is not": {file: "tls: {cert: images/cert.pem, key: key.pem}"},
		"key beside it":      {file: "tls: {cert: images/cert.pem}", refused: "images/cert.pem holds a private key"},
		"key of a host":      {file: "ftp: {hosts: [{name: a, cert: images/a.pem}]}", refused: "images/a.pem holds a private key"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"dray.yaml": c.file, "b/x": ""}
			_, err := set{files: files, env: map[string]string{"XDG_STATE_HOME": "state"}}.load(t, "")
			if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("got %v, want %q", err, c.refused)
			}
		})
	}
}

func TestSecretsAreClosedToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode")
	}
	t.Chdir(t.TempDir())
	for text, open := range map[string]bool{"ftp: {port: 0}": true, "users: [a:b]": false} {
		for _, mode := range []os.FileMode{0o600, 0o640, 0o604} {
			if err := os.WriteFile("own", []byte(text), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod("own", mode); err != nil {
				t.Fatal(err)
			}
			in := Input{Config: "own", Env: func(string) string { return "" }}
			_, err := in.Load()
			if want := open || mode == 0o600; want != (err == nil || !strings.Contains(err.Error(), "chmod 600 own")) {
				t.Errorf("%q, mode %o: %v", text, mode, err)
			}
		}
	}
	if err := os.WriteFile(here, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(here, 0o606); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Input{Env: func(string) string { return "" }}).Load(); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("dray.yaml that anyone may write: %v", err)
	}
}

// TestOthersFileHere: dray.yaml in a folder where somebody else works is not taken unasked.
func TestOthersFileHere(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	t.Chdir(t.TempDir())
	if err := errors.Join(os.WriteFile(here, nil, 0o600), os.Chown(here, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	env := func(string) string { return "" }
	if _, err := (&Input{Env: env}).Load(); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("unasked: %v", err)
	}
	env = func(name string) string { return map[string]string{"DRAY_DIR": "images"}[name] }
	if l, err := (&Input{Config: here, Env: env}).Load(); err != nil || len(l.Files) != 1 {
		t.Errorf("named: %v, %v", l, err)
	}
}

// TestScalarsAreText: YAML's own types do not change what was written.
func TestScalarsAreText(t *testing.T) {
	for text, want := range map[string]string{
		"0123": "0123", "1_000": "1_000", "1e3": "1e3", "0x1F": "0x1F", "off": "off", "yes": "yes", "true": "true",
		`"a\"b"`: `a"b`, "'it''s'": "it's", "a b": "a b", "~x": "~x", "a#b": "a#b", "a # b": "a", ".inf": ".inf",
	} {
		var s Serve
		d := &decoder{file: "f", said: map[string]int{}}
		if err := d.decode([]byte("users:\n- name: a\n  password: "+text), settings(&s)); err != nil || s.Users[0].Password != want {
			t.Errorf("%s: %v, %+v", text, err, s.Users)
		}
	}
}

// FuzzDecode: no text brings the decoder down, and no error shows a password.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"ftp:\n  port: 1\n", "users: [{name: a, password: b}]", "a: &x {b: *x}", "---\n...\n---", "? a\n: b", "users:\n- a:b\n-\n", "<<: x", "dir: |\n  x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := &decoder{file: "f", said: map[string]int{}}
		if err := d.decode(text, settings(new(Serve))); err != nil && !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
