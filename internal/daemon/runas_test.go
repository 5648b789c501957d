package daemon

import (
	"fmt"
	"io/fs"
	"testing"

	"dray/internal/config"
)

// TestDeniedSaysWho: what root could read and the user of run-as cannot is an error that
// names the user, at a reload with what to do. All other errors stay as they are.
func TestDeniedSaysWho(t *testing.T) {
	denied := fmt.Errorf("settings: %w", &fs.PathError{Op: "open", Path: "/etc/dray.yaml", Err: fs.ErrPermission})
	for _, row := range []struct {
		user             string
		err              error
		denied, reloaded string
	}{
		{"nobody", denied, "settings: open /etc/dray.yaml: permission denied, as the user nobody (--run-as)",
			"settings: open /etc/dray.yaml: permission denied, as the user nobody (--run-as): chown nobody /etc/dray.yaml, and see that they may enter its folder"},
		{"", denied, denied.Error(), denied.Error()},
		{"nobody", fs.ErrNotExist, "file does not exist", "file does not exist"},
	} {
		cfg := config.Serve{}
		cfg.Confine.RunAs = row.user
		if got := AsUser(cfg, row.err).Error(); got != row.denied {
			t.Errorf("%q: %q; want %q", row.user, got, row.denied)
		}
		if got := NotReloaded(cfg, row.err).Error(); got != row.reloaded {
			t.Errorf("%q, reload: %q; want %q", row.user, got, row.reloaded)
		}
	}
	if AsUser(config.Serve{}, nil) != nil {
		t.Error("an error of none")
	}
}
