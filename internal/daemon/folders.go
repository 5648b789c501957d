package daemon

import (
	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/tree"
	"dray/internal/vfs/bandwidth"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/quota"
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
	d.shared.Quotas, d.shared.Rates = d.quotas(&cfg.Quota), rates(&cfg.Rates)
	d.shared.Ready = d.events.ready
	if kept := cfg.Digests.Algorithms(); len(kept) > 0 {
		d.shared.Digests = digest.NewKeeper(kept)
	}
	return nil
}

// quotas are those that hold for everybody.
func (d *Daemon) quotas(q *config.Quota) *tree.Quotas {
	return &tree.Quotas{
		Ledger: quota.NewLedger(nil),
		All: quota.Budget{
			Of: "all users", Bytes: int64(q.Bytes), Files: int64(q.Files), FileSize: int64(q.MaxUpload),
			Settings: [3]string{"quota.bytes", "quota.files", "quota.max-upload"},
		},
		User: quota.Budget{
			Bytes: int64(q.UserBytes), Files: int64(q.UserFiles), Settings: [3]string{"quota.user-bytes", "quota.user-files", ""},
		},
	}
}

// rates are those of everybody.
func rates(r *config.Rates) *tree.Rates {
	return &tree.Rates{
		All:     bandwidth.New(bandwidth.Rates{Up: int64(r.Upload), Down: int64(r.Download)}),
		User:    bandwidth.Rates{Up: int64(r.UserUpload), Down: int64(r.UserDownload)},
		Session: bandwidth.Rates{Up: int64(r.SessionUpload), Down: int64(r.SessionDownload)},
	}
}

// uploads is the budget of uploads over TFTP.
func uploads(t *config.TFTP) quota.Budget {
	return quota.Budget{
		Of: "uploads over TFTP", Bytes: int64(t.QuotaBytes), Files: int64(t.QuotaFiles), FileSize: int64(t.MaxUpload),
		Settings: [3]string{"tftp.quota-bytes", "tftp.quota-files", "tftp.max-upload"},
	}
}

// trees are the files of the folder that is served, under the rules.
func (d *Daemon) trees() *tree.Trees {
	return &tree.Trees{Files: d.files, Rules: d.rules, Mounts: d.mounts, Shared: d.shared}
}
