package daemon

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/policy/guard"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/bandwidth"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/quota"
)

// openFolders opens the folders that the settings name, while there is the right to.
func (d *Daemon) openFolders(cfg config.Serve) error {
	d.folders = new(osfs.Pool)
	files, err := d.folders.Open(cfg.Dir)
	if err != nil {
		return err
	}
	d.files, d.written = files, []*osfs.FS{files}
	shared := &tree.Shared{
		Folders: d.folders, Accounts: &d.people, Ready: d.events.ready,
		Quotas: &tree.Quotas{Ledger: quota.NewLedger(nil)},
		Rates:  &tree.Rates{All: bandwidth.New(bandwidth.Rates{}), Users: new(bandwidth.Users)},
	}
	if kept := cfg.Digests.Algorithms(); len(kept) > 0 {
		shared.Digests = digest.NewKeeper(kept)
	}
	d.common = newLive(common{terms(cfg, shared), d.mount(cfg)})
	shared.Rates.All.Set(bandwidth.Rates{Up: int64(cfg.Rates.Upload), Down: int64(cfg.Rates.Download)})
	for _, m := range cfg.Folders.Mounts {
		if files, err := d.folders.Open(m.Base()); err == nil && !m.ReadOnly {
			d.written = append(d.written, files)
		}
	}
	d.reloads(d.reloadFolders, "home", "make-homes", "mounts", "quota.", "rates.", "tftp.quota-bytes", "tftp.quota-files", "tftp.max-upload")
	return nil
}

// addHomes opens the folders that accounts name, while there is the right to: those of users
// who are added to the store later can be had if they lie in one that is open.
func (d *Daemon) addHomes(cfg config.Serve, log *slog.Logger) error {
	all, err := accounts(cfg.Users)
	if err != nil {
		return err
	}
	known := slices.Collect(maps.Values(all))
	if s := d.people.store.Load(); s != nil {
		stored, err := s.Users(context.Background())
		if err != nil {
			return err
		}
		known = append(known, stored...)
	}
	for _, a := range known {
		dirs := []string{a.Dir}
		for _, m := range a.Mounts {
			dirs = append(dirs, m.Dir)
		}
		for _, dir := range dirs {
			if dir == "" {
				continue
			}
			if _, err := d.folders.Open(tree.Base(dir)); err != nil {
				log.Warn("a folder of a user cannot be had", "user", a.Name, "error", err)
			}
		}
	}
	return nil
}

// common is what all trees have in common.
type common struct {
	shared *tree.Shared
	mounts []identity.Mount // that everybody sees
}

// terms are what all trees share, as these settings want it. What is counted and what
// limits sessions under way is that of old.
func terms(cfg config.Serve, old *tree.Shared) *tree.Shared {
	next := *old
	next.Home, next.MakeHomes = cfg.Folders.Home, cfg.Folders.MakeHomes
	next.Quotas = quotas(&cfg.Quota, old.Quotas.Ledger)
	next.Rates = rates(&cfg.Rates, old.Rates)
	return &next
}

// mount returns what is mounted for everybody. A folder that cannot be had leaves the others
// be: it is tried again at each log-in.
func (d *Daemon) mount(cfg config.Serve) (all []identity.Mount) {
	for _, m := range cfg.Folders.Mounts {
		if _, err := d.folders.Open(m.Base()); err != nil {
			d.log.Warn("a folder that is to be mounted cannot be had", "at", m.At, "error", err)
		}
		all = append(all, identity.Mount(m))
	}
	return all
}

// reloadFolders changes homes, mounts, quotas and rates, for the sessions to come. The rates
// of all sessions together are changed for those under way too.
func (d *Daemon) reloadFolders(cfg config.Serve) (change, error) {
	next := common{terms(cfg, d.common.get().shared), d.mount(cfg)}
	return change{apply: func() {
		r := &cfg.Rates
		next.shared.Rates.All.Set(bandwidth.Rates{Up: int64(r.Upload), Down: int64(r.Download)})
		d.common.set(next)
		for _, g := range d.groves {
			g.now.set(g.plant(cfg))
		}
		next.shared.Warm()
	}}, nil
}

// grove hands out the trees of one kind, as the settings of now want them.
type grove struct {
	now   *live[*tree.Trees]
	plant func(cfg config.Serve) *tree.Trees
}

// Open gives a subject the files that are theirs.
func (g *grove) Open(ctx context.Context, s identity.Subject) (guard.Tree, error) {
	return g.now.get().Open(ctx, s)
}

// grow makes a grove that reloads.
func (d *Daemon) grow(cfg config.Serve, plant func(cfg config.Serve) *tree.Trees) *grove {
	g := &grove{newLive(plant(cfg)), plant}
	d.groves = append(d.groves, g)
	return g
}

// trees are the files of the folder that is served, under the rules.
func (d *Daemon) trees(cfg config.Serve) *grove {
	return d.grow(cfg, func(config.Serve) *tree.Trees { return d.tree() })
}

func (d *Daemon) tree() *tree.Trees {
	c := d.common.get()
	return &tree.Trees{Files: d.files, Rules: d.rules, Mounts: c.mounts, Shared: c.shared}
}

// treesOf are those of a virtual host.
func (d *Daemon) treesOf(cfg config.Serve, files *osfs.FS) *grove {
	return d.grow(cfg, func(config.Serve) *tree.Trees {
		return &tree.Trees{Files: files, Rules: d.rules, Shared: d.common.get().shared}
	})
}

// treesOfTFTP have the quota of uploads over TFTP.
func (d *Daemon) treesOfTFTP(cfg config.Serve, uploadFolder vfs.Path) *grove {
	return d.grow(cfg, func(cfg config.Serve) *tree.Trees {
		t := d.tree()
		t.Uploads, t.UploadFolder = uploads(&cfg.TFTP), uploadFolder
		return t
	})
}

// quotas are those that hold for everybody.
func quotas(q *config.Quota, ledger *quota.Ledger) *tree.Quotas {
	return &tree.Quotas{
		Ledger: ledger,
		All: quota.Budget{
			Of: "all users", Bytes: int64(q.Bytes), Files: int64(q.Files), FileSize: int64(q.MaxUpload),
			Settings: [3]string{"quota.bytes", "quota.files", "quota.max-upload"},
		},
		User: quota.Budget{
			Bytes: int64(q.UserBytes), Files: int64(q.UserFiles), Settings: [3]string{"quota.user-bytes", "quota.user-files", ""},
		},
	}
}

// rates are those of everybody, with the limiters of old.
func rates(r *config.Rates, old *tree.Rates) *tree.Rates {
	return &tree.Rates{
		All: old.All, Users: old.Users,
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
