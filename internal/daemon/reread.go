package daemon

import (
	"strings"

	"dray/internal/config"
)

// LoadBy says where Reread gets its settings. It is called before Run.
func (d *Daemon) LoadBy(load func() (config.Serve, error)) { d.load = load }

// Reread loads the settings again and brings them into effect, and tells the log what came
// of it.
func (d *Daemon) Reread() (Reloaded, error) {
	said, err := d.reread()
	if err != nil {
		d.log.Error("nothing is reloaded, all stays as it was: " + strings.ReplaceAll(err.Error(), "\n", "; "))
		return said, err
	}
	var changed []any
	if len(said.Changed) > 0 {
		changed = []any{"changed", strings.Join(said.Changed, " ")}
	}
	d.log.Info("settings, keys, certificates and maps are read again", changed...)
	if len(said.Restart) > 0 {
		d.log.Warn("some settings wait for a restart", "settings", strings.Join(said.Restart, " "))
	}
	return said, nil
}

// Reloading says who is told of each Reread, before and after. It is called before Run.
func (d *Daemon) Reloading(begun, ended func()) { d.reloadBegun, d.reloadEnded = begun, ended }

func (d *Daemon) reread() (Reloaded, error) {
	if d.reloadBegun != nil {
		d.reloadBegun()
		defer d.reloadEnded()
	}
	cfg, err := d.load()
	if err != nil {
		return Reloaded{}, err
	}
	return d.Reload(cfg)
}
