package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"dray/internal/config"
	"dray/internal/daemon"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/store"
	"dray/internal/userkeys"
)

// userView is what is shown of a user: everything but the secrets.
type userView struct {
	Name         string      `json:"name"`
	Origin       string      `json:"origin"`             // "settings" or "store"
	Password     string      `json:"password,omitempty"` // what the hash was made by, "clear" in the settings
	TOTP         bool        `json:"totp"`
	Keys         []keyView   `json:"keys"`
	Groups       []string    `json:"groups"`
	Disabled     bool        `json:"disabled"`
	Expires      *time.Time  `json:"expires,omitempty"`
	Protocols    []string    `json:"protocols,omitempty"`
	Networks     []string    `json:"networks,omitempty"`
	Dir          string      `json:"dir,omitempty"`
	Home         string      `json:"home,omitempty"`
	Mounts       []mountView `json:"mounts,omitempty"`
	QuotaBytes   int64       `json:"quota_bytes,omitempty"`
	QuotaFiles   int64       `json:"quota_files,omitempty"`
	UploadRate   int64       `json:"upload_rate,omitempty"`
	DownloadRate int64       `json:"download_rate,omitempty"`
	MaxSessions  int         `json:"max_sessions,omitempty"`
}

type keyView struct {
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Comment     string `json:"comment,omitempty"`
}

type mountView struct {
	At       string `json:"at"`
	Dir      string `json:"dir"`
	ReadOnly bool   `json:"read_only"`
}

func show(a identity.Account, origin string) userView {
	s := userView{
		Name: a.Name, Origin: origin, Password: password.Kind(a.Hash), TOTP: a.TOTP != "", Keys: showKeys(a.Keys), Groups: a.Groups,
		Disabled: a.Disabled, Protocols: a.Protocols, Dir: a.Dir, Home: a.Home, QuotaBytes: a.QuotaBytes, QuotaFiles: a.QuotaFiles,
		UploadRate: a.UploadRate, DownloadRate: a.DownloadRate, MaxSessions: a.MaxSessions,
	}
	if a.Hash != "" && s.Password == "" {
		s.Password = "clear"
	}
	if s.Groups == nil {
		s.Groups = []string{}
	}
	if !a.Expires.IsZero() {
		s.Expires = &a.Expires
	}
	for _, n := range a.Networks {
		s.Networks = append(s.Networks, n.String())
	}
	for _, m := range a.Mounts {
		s.Mounts = append(s.Mounts, mountView(m))
	}
	return s
}

// showKeys are keys without their octets.
func showKeys(lines []string) []keyView {
	all := []keyView{}
	for _, line := range lines {
		if key, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
			all = append(all, keyView{key.Type(), ssh.FingerprintSHA256(key), comment})
		}
	}
	return all
}

// all are the users of the settings and those of the store, by their names. Who is in both
// is the one of the settings.
func (p *people) all(c *cobra.Command) ([]userView, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, err
	}
	var all []userView
	for _, u := range cfg.Users {
		a, err := daemon.Account(u)
		if err != nil {
			return nil, &settingsError{err}
		}
		all = append(all, show(a, "settings"))
	}
	there, err := store.There(cfg.StateDir)
	if err == nil && there {
		err = p.with(c.Context(), false, func(s *store.Store, cfg *config.Loaded) error {
			users, err := s.Users(c.Context())
			for _, a := range users {
				if !inSettings(cfg, a.Name) {
					all = append(all, show(a, "store"))
				}
			}
			return err
		})
	}
	slices.SortFunc(all, func(a, b userView) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// one is the user of that name.
func (p *people) one(c *cobra.Command, name string) (userView, error) {
	all, err := p.all(c)
	if err != nil {
		return userView{}, err
	}
	i := slices.IndexFunc(all, func(s userView) bool { return s.Name == name })
	if i < 0 {
		return userView{}, fmt.Errorf("%s: %w", name, identity.ErrUnknown)
	}
	return all[i], nil
}

func userList(std stdio) *cobra.Command {
	p := people{std: std}
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the users, those of the settings too",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := p.all(c)
			if err != nil {
				return err
			}
			if asJSON {
				return printLines(std.out, all)
			}
			w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tPROOFS\tGROUPS\tSTATE\tORIGIN")
			for _, s := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.proofs(), dash(strings.Join(s.Groups, ",")), s.state(time.Now()), s.Origin)
			}
			return w.Flush()
		},
	}
	p.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a user")
	return c
}

// printLines prints a JSON object a line.
func printLines[T any](w io.Writer, all []T) error {
	e := json.NewEncoder(w)
	for _, one := range all {
		if err := e.Encode(one); err != nil {
			return err
		}
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (s *userView) proofs() string {
	var all []string
	if s.Password != "" {
		all = append(all, "password")
	}
	if s.TOTP {
		all = append(all, "totp")
	}
	switch n := len(s.Keys); n {
	case 0:
	case 1:
		all = append(all, "1 key")
	default:
		all = append(all, fmt.Sprintf("%d keys", n))
	}
	return dash(strings.Join(all, ", "))
}

func (s *userView) state(now time.Time) string {
	switch {
	case s.Disabled:
		return "disabled"
	case s.Expires == nil:
		return "active"
	case !now.Before(*s.Expires):
		return "expired"
	}
	return "until " + s.Expires.Format(time.DateTime)
}

func userShow(std stdio) *cobra.Command {
	p := people{std: std}
	var asJSON bool
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show all that is known of a user, but for the secrets",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			user, err := p.one(c, args[0])
			switch {
			case err != nil:
				return err
			case asJSON:
				return printLines(std.out, []userView{user})
			}
			return user.print(std.out)
		},
	}
	p.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}

// print prints a line for each thing that is set.
func (s *userView) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	number := func(name string, n int64) {
		if n > 0 {
			z := config.Size(n)
			line(name, z.String())
		}
	}
	line("name", s.Name)
	line("origin", s.Origin)
	line("state", s.state(time.Now()))
	line("password", dash(s.Password))
	if s.TOTP {
		line("one-time codes", "yes")
	}
	for _, k := range s.Keys {
		line("key", strings.TrimSpace(k.Type+" "+k.Fingerprint+" "+k.Comment))
	}
	line("groups", strings.Join(s.Groups, ", "))
	line("protocols", strings.Join(s.Protocols, ", "))
	line("networks", strings.Join(s.Networks, ", "))
	line("dir", s.Dir)
	line("home", s.Home)
	for _, m := range s.Mounts {
		access := ""
		if m.ReadOnly {
			access = " (read-only)"
		}
		line("mount", m.At+" = "+m.Dir+access)
	}
	number("quota-bytes", s.QuotaBytes)
	number("quota-files", s.QuotaFiles)
	number("upload-rate", s.UploadRate)
	number("download-rate", s.DownloadRate)
	number("max-sessions", int64(s.MaxSessions))
	return w.Flush()
}

func userKey(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Add, list and remove the public keys by which a user logs in over SFTP",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(userKeyAdd(std), userKeyList(std), userKeyRemove(std))
	return c
}

func userKeyAdd(std stdio) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:     "add NAME FILE",
		Short:   "Give a user the public keys in a file, - being standard input",
		Example: "  dray user key add amy ~/.ssh/id_ed25519.pub\n  ssh-add -L | dray user key add amy -",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			lines, err := readKeys(args[1], std)
			if err != nil {
				return err
			}
			var added []string
			err = p.change(c.Context(), args[0], func(a *identity.Account, _ *config.Loaded) error {
				for _, line := range lines {
					key, err := userkeys.Parse(line)
					if err != nil {
						return &usageError{fmt.Errorf("%s: %w", args[1], err)}
					}
					print := ssh.FingerprintSHA256(key)
					if !slices.ContainsFunc(showKeys(a.Keys), func(k keyView) bool { return k.Fingerprint == print }) {
						a.Keys, added = append(a.Keys, line), append(added, print)
					}
				}
				return nil
			})
			if err == nil && len(added) == 0 {
				return say(std, nil, "%s has the key already", args[0])
			}
			return say(std, err, "%s may log in by %s", args[0], strings.Join(added, ", "))
		},
	}
	p.add(c)
	return c
}

func userKeyList(std stdio) *cobra.Command {
	p := people{std: std}
	var asJSON bool
	c := &cobra.Command{
		Use:   "list NAME",
		Short: "List the public keys of a user",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			user, err := p.one(c, args[0])
			switch {
			case err != nil:
				return err
			case asJSON:
				return printLines(std.out, user.Keys)
			}
			for _, k := range user.Keys {
				if err := say(std, nil, "%s", strings.TrimSpace(k.Fingerprint+" "+k.Type+" "+k.Comment)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	p.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a key")
	return c
}

func userKeyRemove(std stdio) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:     "remove NAME FINGERPRINT",
		Short:   "Take a public key from a user; dray user key list shows fingerprints",
		Example: "  dray user key remove amy SHA256:uNiVztksCsDhcc0u9e8BrXmMIvH2b0PWDVAP7sYHMvk",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			err := p.change(c.Context(), args[0], func(a *identity.Account, _ *config.Loaded) error {
				kept := slices.DeleteFunc(slices.Clone(a.Keys), func(line string) bool {
					keys := showKeys([]string{line})
					return len(keys) == 1 && keys[0].Fingerprint == args[1]
				})
				if len(kept) == len(a.Keys) {
					return errors.New("the user has no key with this fingerprint: dray user key list " + a.Name)
				}
				a.Keys = kept
				return nil
			})
			return say(std, err, "%s may no more log in by %s", args[0], args[1])
		},
	}
	p.add(c)
	return c
}
