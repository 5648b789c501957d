package daemon

import (
	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/tree"
	"dray/internal/vfs/osfs"
)

// openFolders opens the folders that the settings name, while there is the right to. One
// that is mounted and cannot be had leaves the others be: it is tried again at each log-in.
func (d *Daemon) openFolders(cfg config.Serve) error {
	d.folders = new(osfs.Pool)
	files, err := d.folders.Open(cfg.Dir)
	if err != nil {
		return err
	}
	d.files, d.written = files, []*osfs.FS{files}
	for _, m := range cfg.Folders.Mounts {
		files, err := d.folders.Open(m.Base())
		if err != nil {
			d.log.Warn("a folder that is to be mounted cannot be had", "at", m.At, "error", err)
		} else if !m.ReadOnly {
			d.written = append(d.written, files)
		}
		d.mounts = append(d.mounts, identity.Mount(m))
	}
	d.shared = &tree.Shared{Folders: d.folders, Accounts: &d.people, Home: cfg.Folders.Home, MakeHomes: cfg.Folders.MakeHomes}
	return nil
}

// trees are the files of the folder that is served, under the rules.
func (d *Daemon) trees() *tree.Trees {
	return &tree.Trees{Files: d.files, Rules: d.rules, Mounts: d.mounts, Shared: d.shared}
}
