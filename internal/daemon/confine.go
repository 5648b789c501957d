package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"dray/internal/config"
	"dray/internal/confine"
	"dray/internal/identity"
	"dray/internal/tree"
)

// RunAs makes the process run as the user that the settings name, with no right of root but
// to bind ports. It comes before Bind, so that all that is opened and made is that user's.
func RunAs(cfg config.Serve) error {
	if cfg.Confine.RunAs == "" {
		return nil
	}
	u, err := confine.LookupUser(cfg.Confine.RunAs)
	switch {
	case err != nil:
		return &config.Conflict{Key: "run-as", Text: fmt.Sprintf("cannot be followed: %v", err)}
	case !confine.IsRoot() && os.Geteuid() == u.UID:
		return nil // whoever started it has seen to it
	case !confine.IsRoot():
		return &config.Conflict{Key: "run-as", Text: "needs root on Linux, who alone can become somebody else: start it as root, or leave it out"}
	}
	if err := confine.MakeDir(cfg.StateDir, u); err != nil {
		return fmt.Errorf("the state folder cannot be made: %w", err)
	}
	return confine.Become(u)
}

// AsUser says who it was that may not do what they tried, where run-as names them.
func AsUser(cfg config.Serve, err error) error {
	if cfg.Confine.RunAs == "" || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w, as the user %s (--run-as)", err, cfg.Confine.RunAs)
}

// warnUnreadable says which files no reload can read, since only root could.
func warnUnreadable(cfg *config.Loaded, log *slog.Logger) {
	if cfg.Confine.RunAs == "" {
		return
	}
	for _, name := range append(cfg.NamedFiles(), cfg.Files...) {
		if err := config.Readable(name); errors.Is(err, fs.ErrPermission) {
			log.Warn("settings cannot be reloaded: "+AsUser(cfg.Serve, err).Error(), "remedy", toReload(cfg.Confine.RunAs, name))
		}
	}
}

// NotReloaded is AsUser for an error of a reload, with what to do.
func NotReloaded(cfg config.Serve, err error) error {
	var path *fs.PathError
	if cfg.Confine.RunAs == "" || !errors.Is(err, fs.ErrPermission) || !errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%w: %s", AsUser(cfg, err), toReload(cfg.Confine.RunAs, path.Path))
}

func toReload(user, file string) string {
	return fmt.Sprintf("chown %s %s, and see that they may enter its folder", user, file)
}

// Confine takes from the process what Bind needed and Run does not: the right to bind ports,
// ways to more rights, and all files but those that the settings name. It holds for good, and
// for the programs of hooks and templates.
func (d *Daemon) Confine(cfg *config.Loaded, log *slog.Logger) error {
	warnUnreadable(cfg, log)
	if err := confine.NoNewPrivileges(); errors.Is(err, errors.ErrUnsupported) {
		return nil // none of it can be had here
	} else if err != nil {
		return err
	}
	if err := confine.KeepFromPrograms(); err != nil {
		return err
	}
	if cfg.Confine.RunAs != "" && !d.servesFTP() {
		if err := confine.DropCapabilities(); err != nil {
			return err
		}
	}
	if cfg.Confine.Mode == config.SandboxOff {
		return nil
	}
	paths, err := d.paths(cfg)
	if err != nil {
		return err
	}
	version, err := confine.Seal(paths)
	switch {
	case err == nil:
		d.sealed = &paths
		log.Info("confined to the files that the settings name", "landlock", version)
		return nil
	case errors.Is(err, confine.ErrNoLandlock) && cfg.Confine.Mode != config.SandboxRequire:
		log.Info("not confined to the files that the settings name", "reason", err)
		return nil
	}
	return &config.Conflict{Key: "sandbox.mode", Text: fmt.Sprintf("cannot be followed: %v", err)}
}

// servesFTP reports whether there are data connections that leave from port 20 (RFC 959,
// section 3.2).
func (d *Daemon) servesFTP() bool {
	return slices.ContainsFunc(d.endpoints, func(e Endpoint) bool { return strings.HasPrefix(e.Protocol, "ftp") })
}

// paths are those that are needed while the server runs, and when it reads its settings again.
func (d *Daemon) paths(cfg *config.Loaded) (confine.Paths, error) {
	p := system()
	if executes(&cfg.Serve) {
		p.Execute = append(p.Execute, programs(&cfg.Serve)...)
		p.Write = append(p.Write, "/dev/null")
	}
	p.Write = append(p.Write, cfg.StateDir)
	for _, record := range []string{cfg.Audit.File, cfg.Xferlog.File} {
		if record != "" { // it is replaced when it is full
			p.Write = append(p.Write, filepath.Dir(record))
		}
	}
	for _, name := range append(cfg.NamedFiles(), cfg.Files...) {
		p.Read = append(p.Read, around(name)...)
	}
	folders := &p.Read
	if d.write || len(cfg.Files) > 0 { // a file may allow it later
		folders = &p.Write
	}
	*folders = append(*folders, cfg.Dir)
	for _, h := range cfg.FTP.Hosts {
		*folders = append(*folders, h.Dir)
	}
	var mounts []identity.Mount
	for _, m := range cfg.Folders.Mounts {
		mounts = append(mounts, identity.Mount(m))
	}
	accounts, err := d.people.all(context.Background())
	for _, a := range accounts {
		*folders = append(*folders, tree.Base(a.Dir))
		mounts = append(mounts, a.Mounts...)
	}
	for _, m := range mounts {
		into := folders
		if m.ReadOnly {
			into = &p.Read
		}
		*into = append(*into, tree.Base(m.Dir))
	}
	p.Read, p.Write = append(p.Read, cfg.Confine.Read...), append(p.Write, cfg.Confine.Write...)
	return p, err
}

// all are the users that there are now.
func (p *people) all(ctx context.Context) (all []identity.Account, err error) {
	for _, a := range p.roster.Load().accounts {
		all = append(all, a)
	}
	s := p.store.Load()
	if s == nil {
		return all, nil
	}
	stored, err := s.Users(ctx)
	return append(all, stored...), err
}

// around is the folder that holds a file, since whoever changes a file may put another in its
// place; of a link, also the folder that it leads to. A file in the root of the host is
// alone.
func around(name string) (paths []string) {
	paths = append(paths, name)
	if target, err := filepath.EvalSymlinks(name); err == nil {
		paths = append(paths, target)
	}
	for _, path := range paths[:len(paths):len(paths)] {
		if dir := filepath.Dir(path); dir != "/" {
			paths = append(paths, dir)
		}
	}
	return paths
}

// system is what names of hosts, certificates of others and times take.
func system() confine.Paths {
	return confine.Paths{Read: []string{
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/run/systemd/resolve",
		"/etc/passwd", "/etc/group", "/etc/localtime", "/usr/share/zoneinfo",
		"/etc/ssl", "/etc/pki", "/usr/lib/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
		"/dev/null", "/dev/urandom", "/proc/self", "/proc/sys/net",
	}}
}

func executes(cfg *config.Serve) bool { return len(programFiles(cfg)) > 0 }

// programFiles are the programs that the settings name.
func programFiles(cfg *config.Serve) (files []string) {
	for _, h := range cfg.Hooks {
		files = append(files, h.Program[:min(1, len(h.Program))]...)
	}
	for _, v := range cfg.TFTP.Provision {
		files = append(files, v.Program[:min(1, len(v.Program))]...)
	}
	return files
}

// warnOfPrograms tells of those that the process may not run, since it was confined before the
// settings named them.
func (d *Daemon) warnOfPrograms(cfg *config.Serve) {
	if d.sealed == nil {
		return
	}
	for _, name := range programFiles(cfg) {
		file, err := exec.LookPath(name)
		if err == nil {
			file, err = filepath.EvalSymlinks(file)
		}
		if err == nil && !slices.ContainsFunc(d.sealed.Execute, func(dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") }) {
			d.log.Warn("the server is confined, and cannot run a program that the settings name since: restart it", "program", name)
		}
	}
}

// programs are the files of programs, and what they are made of.
func programs(cfg *config.Serve) []string {
	paths := []string{"/bin", "/sbin", "/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"}
	for _, name := range programFiles(cfg) {
		if file, err := exec.LookPath(name); err == nil {
			paths = append(paths, around(file)...)
		}
	}
	return paths
}
