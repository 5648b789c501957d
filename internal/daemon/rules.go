package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/policy"
)

// accessRules are the rules of the settings, with what write and tftp.write say where none speaks.
func accessRules(cfg config.Serve) (*policy.Rules, error) {
	var all []policy.Rule
	for _, r := range cfg.Rules {
		p, err := r.Policy()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	tftp := tftpDefault(cfg.TFTPWrites())
	return policy.Compile(all, func(s identity.Subject) policy.Default {
		switch {
		case s.Protocol == "tftp":
			return tftp
		case s.Anonymous:
			return policy.Default{Rights: policy.ReadOnly, Why: "guests may read, and nothing else, see --user"}
		case cfg.Write:
			return policy.Default{Rights: policy.ReadWrite, Why: "write is on, which lets users do everything"}
		}
		return policy.Default{Rights: policy.ReadOnly, Why: "users may read, and nothing else, see --write"}
	})
}

// tftpDefault is what everybody may do over TFTP where no rule speaks.
func tftpDefault(w config.TFTPWrite) policy.Default {
	switch w {
	case config.TFTPWriteCreate:
		return policy.Default{Rights: policy.ReadOnly | policy.Of(policy.Create), Why: "uploads over TFTP make new files, see tftp.write"}
	case config.TFTPWriteReplace:
		return policy.Default{Rights: policy.ReadOnly | policy.Of(policy.Overwrite), Why: "uploads over TFTP replace files, see tftp.write"}
	case config.TFTPWriteAll:
		return policy.Default{Rights: policy.ReadOnly | policy.Of(policy.Create, policy.Overwrite), Why: "uploads over TFTP make and replace files"}
	}
	return policy.Default{Rights: policy.ReadOnly, Why: "uploads over TFTP are off"}
}

// OpenRules names the rules by which anybody may upload who comes by a protocol, without a
// log-in and from everywhere.
func OpenRules(cfg config.Serve, protocol string) (names []string) {
	for i, r := range cfg.Rules {
		p, err := r.Policy()
		anybody := len(p.Users)+len(p.Groups) == 0 || slices.Contains(p.Users, "anonymous")
		way := len(p.Protocols) == 0 || slices.Contains(p.Protocols, protocol)
		if err == nil && p.Allow && p.Ops&policy.Of(policy.Create, policy.Overwrite) != 0 && anybody && way && len(p.Networks) == 0 {
			names = append(names, p.Label(i+1))
		}
	}
	return names
}

// writes reports whether anybody may upload anything.
func writes(cfg config.Serve) bool {
	if cfg.Write || cfg.TFTPWrites() != config.TFTPWriteOff {
		return true
	}
	for _, r := range cfg.Rules {
		if p, err := r.Policy(); err == nil && p.Allow && p.Ops&policy.Of(policy.Create, policy.Overwrite) != 0 {
			return true
		}
	}
	return false
}

// strangers warns of users and groups that rules are about and nobody knows: by a slip of the
// pen a rule would have no effect.
func (p *people) strangers(ctx context.Context, rules []config.Rule, log *slog.Logger) error {
	groups, err := p.groups(ctx)
	if err != nil {
		return err
	}
	for i, r := range rules {
		warn := func(kind, name string) {
			named := policy.Rule{Name: r.Name, Origin: r.Place}
			log.Warn(fmt.Sprintf("%s is about the %s %s, which nobody knows so far", named.Label(i+1), kind, name), "setting", "rules")
		}
		for _, user := range r.Users {
			_, err := p.Lookup(ctx, user)
			switch {
			case user == "anonymous" || err == nil:
			case errors.Is(err, identity.ErrUnknown):
				warn("user", user)
			default:
				return err
			}
		}
		for _, group := range r.Groups {
			if !groups[group] {
				warn("group", group)
			}
		}
	}
	return nil
}

// groups are those that there are.
func (p *people) groups(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	for _, a := range p.roster.Load().accounts {
		for _, g := range a.Groups {
			all[g] = true
		}
	}
	s := p.store.Load()
	if s == nil {
		return all, nil
	}
	stored, err := s.Groups(ctx)
	for _, g := range stored {
		all[g.Name] = true
	}
	return all, err
}
