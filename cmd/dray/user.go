package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"dray/internal/config"
	"dray/internal/daemon"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/store"
)

func userCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Add, show, change and remove the users of a server",
		Long: `Users are kept in users.db in the state folder, beside those in the settings. A server that runs
sees a change at the next log-in, and ends the sessions of who is removed, disabled or expired.

A password is asked for at the terminal, or read from standard input with --password-stdin.`,
		Example: `  dray user add amy --group lab --protocol sftp
  dray user key add amy ~/.ssh/id_ed25519.pub
  dray user set amy --expires 2027-01-31 --quota-bytes 10G
  dray user disable amy`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(userAdd(std), userSet(std), userPasswd(std), userTOTP(std), userKey(std),
		userSwitch(std, "disable", "Admit a user no more, and end the sessions there are", true),
		userSwitch(std, "enable", "Admit a user again", false),
		userRemove(std), userList(std), userShow(std))
	return c
}

// people is where a command finds the users.
type people struct {
	in  config.Input
	std stdio
}

// add gives a command the flags that say where the users are.
func (p *people) add(c *cobra.Command) {
	for _, f := range config.Flags() {
		if f.Key == "state-dir" {
			p.in.Flags = append(p.in.Flags, f)
			c.Flags().Var(f, f.Flag, "where users.db is, as for dray serve")
		}
	}
	addConfigFlag(c, &p.in)
}

// settings are those of serve, as far as they say where the users are and who is in them.
func (p *people) settings() (*config.Loaded, error) {
	p.in.Env, p.in.Environ = os.Getenv, os.Environ()
	cfg, err := p.in.Gather()
	if err != nil {
		return nil, &settingsError{err}
	}
	return cfg, nil
}

// open opens the store of the settings, and makes it if it is not there and make says so.
func (p *people) open(ctx context.Context, make bool) (*store.Store, *config.Loaded, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, nil, err
	}
	there, err := store.There(cfg.StateDir)
	switch {
	case err != nil:
		return nil, nil, err
	case !there && !make:
		return nil, nil, fmt.Errorf("there are no users in %s yet: dray user add NAME makes the first", store.File(cfg.StateDir))
	}
	s, err := store.Open(ctx, cfg.StateDir)
	if err == nil && !there {
		fmt.Fprintf(p.std.err, "dray: %s is new: a server that runs sees it at once, but SFTP, and keys of users, if it serves them not yet, only when it is started again\n", store.File(cfg.StateDir))
	}
	return s, cfg, err
}

// with does something with the store.
func (p *people) with(ctx context.Context, make bool, do func(*store.Store, *config.Loaded) error) error {
	s, cfg, err := p.open(ctx, make)
	if err != nil {
		return err
	}
	return errors.Join(do(s, cfg), s.Close())
}

// change changes a user.
func (p *people) change(ctx context.Context, name string, f func(*identity.Account, *config.Loaded) error) error {
	if err := p.stored(name, "changed"); err != nil {
		return err
	}
	return p.with(ctx, false, func(s *store.Store, cfg *config.Loaded) error {
		return s.Change(ctx, name, func(a *identity.Account) error { return f(a, cfg) })
	})
}

// stored refuses to do to the store what is to be done to a user of the settings.
func (p *people) stored(name, done string) error {
	cfg, err := p.settings()
	if err == nil && inSettings(cfg, name) {
		err = fmt.Errorf("%s is in the settings, and is to be %s there: %s", name, done, strings.Join(cfg.Files, ", "))
	}
	return err
}

func inSettings(cfg *config.Loaded, name string) bool {
	for _, u := range cfg.Users {
		if u.Name == name {
			return true
		}
	}
	return false
}

func userAdd(std stdio) *cobra.Command {
	p := people{std: std}
	flags := config.UserFlags()
	var proof proofFlags
	var keys []string
	c := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add a user",
		Example: "  dray user add amy\n  dray user add bot --no-password --key bot.pub --protocol sftp --network 192.0.2.0/24",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			u := config.User{Name: args[0]}
			if err := errors.Join(config.CheckName(u.Name), u.Apply(flags)); err != nil {
				return &usageError{err}
			}
			for _, file := range keys {
				lines, err := readKeys(file, std)
				if err != nil {
					return err
				}
				u.Keys = append(u.Keys, lines...)
			}
			a, err := daemon.Account(u)
			if err != nil {
				return &usageError{err}
			}
			cfg, err := p.settings()
			if err == nil && inSettings(cfg, a.Name) {
				err = fmt.Errorf("%s is in the settings already: %s", a.Name, strings.Join(cfg.Files, ", "))
			}
			if err == nil {
				err = checkFolders(&a, cfg, std)
			}
			if err != nil {
				return err
			}
			if err := p.free(c.Context(), a.Name); err != nil {
				return err
			}
			if a.Hash, err = proof.hash(a.Name, std); err != nil {
				return err
			}
			err = p.with(c.Context(), true, func(s *store.Store, _ *config.Loaded) error { return s.Add(c.Context(), a) })
			return say(std, err, "%s is added", a.Name)
		},
	}
	p.add(c)
	addUserFlags(c, flags)
	proof.add(c)
	c.Flags().BoolVar(&proof.none, "no-password", false, "admit by key or certificate alone")
	c.Flags().StringArrayVar(&keys, "key", nil, "file of public keys for SFTP, - for standard input; repeatable")
	return c
}

// free returns an error if a name is taken: better before somebody types a password.
func (p *people) free(ctx context.Context, name string) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	if there, err := store.There(cfg.StateDir); err != nil || !there {
		return err
	}
	return p.with(ctx, false, func(s *store.Store, _ *config.Loaded) error {
		_, err := s.Lookup(ctx, name)
		switch {
		case errors.Is(err, identity.ErrUnknown):
			return nil
		case err == nil:
			return fmt.Errorf("the user %s %w: dray user set changes users", name, store.ErrExists)
		}
		return err
	})
}

func addUserFlags(c *cobra.Command, flags []*config.Flag) {
	for _, f := range flags {
		c.Flags().Var(f, f.Flag, f.Help())
		completeFlag(c, f)
	}
}

func userSet(std stdio) *cobra.Command {
	p := people{std: std}
	flags := config.UserFlags()
	c := &cobra.Command{
		Use:     "set NAME",
		Short:   "Change what a user may do; an empty value takes a setting back",
		Example: "  dray user set amy --group lab --group ops --max-sessions 4\n  dray user set amy --expires ''",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if !config.Said(flags) {
				return &usageError{errors.New("say what to change, such as --group NAME")}
			}
			err := p.change(c.Context(), args[0], func(a *identity.Account, cfg *config.Loaded) error {
				u := daemon.User(*a)
				if err := u.Apply(flags); err != nil {
					return &usageError{err}
				}
				changed, err := daemon.Account(u)
				if err != nil {
					return &usageError{err}
				}
				*a = changed
				return checkFolders(a, cfg, std)
			})
			return say(std, err, "%s is changed", args[0])
		},
	}
	p.add(c)
	addUserFlags(c, flags)
	return c
}

// checkFolders refuses folders in which the user would see the secrets of the server, and
// says which are not there.
func checkFolders(a *identity.Account, cfg *config.Loaded, std stdio) error {
	u := daemon.User(*a)
	for _, dir := range u.Folders() {
		if config.Holds(dir, cfg.StateDir) {
			return &usageError{fmt.Errorf("%s holds %s, where keys and hashes are kept: the user could read them", dir, cfg.StateDir)}
		}
		if _, err := os.Stat(dir); err != nil {
			fmt.Fprintf(std.err, "dray: note: %v\n", err)
		}
	}
	return nil
}

// proofFlags say where a password comes from.
type proofFlags struct {
	stdin, hashed, none bool
}

func (p *proofFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&p.stdin, "password-stdin", false, "read the password from standard input, a line")
	c.Flags().BoolVar(&p.hashed, "hash-stdin", false, "read a hash of the password from standard input: argon2id, bcrypt, or of crypt(3)")
}

// hash is the hash of the password that is asked for or read, "" for none.
func (p *proofFlags) hash(user string, std stdio) (string, error) {
	chosen := 0
	for _, way := range []bool{p.stdin, p.hashed, p.none} {
		if way {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return "", &usageError{errors.New("want one of --password-stdin, --hash-stdin and --no-password")}
	case p.none:
		return "", nil
	case p.hashed:
		hash, err := firstLine(std.in)
		if err == nil {
			err = password.Check(hash)
		}
		if err != nil {
			return "", &usageError{err}
		}
		return hash, nil
	case p.stdin:
		clear, err := firstLine(std.in)
		if err != nil {
			return "", err
		}
		return hashOf(clear)
	}
	clear, err := askTwice(user, std)
	if err != nil {
		return "", err
	}
	return hashOf(clear)
}

func hashOf(clear string) (string, error) {
	hash, err := password.Hash(clear)
	if err != nil {
		return "", &usageError{err}
	}
	return hash, nil
}

// firstLine is a line without its end.
func firstLine(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, 64<<10))
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), err
}

// askTwice asks for a new password at the terminal.
func askTwice(user string, std stdio) (string, error) {
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", &usageError{errors.New("there is no terminal to ask for the password: pass it by --password-stdin")}
	}
	var said [2]string
	for i, question := range []string{"New password for " + user, "The same once more"} {
		fmt.Fprintf(std.err, "%s: ", question)
		line, err := readHidden(int(in.Fd()))
		fmt.Fprintln(std.err)
		if err != nil {
			return "", err
		}
		said[i] = line
	}
	if said[0] != said[1] {
		return "", errors.New("the two passwords are not the same: nothing is changed")
	}
	return said[0], nil
}

// say tells that something is done, or passes the error on.
func say(std stdio, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, format+"\n", args...)
	return err
}

func userPasswd(std stdio) *cobra.Command {
	p := people{std: std}
	var proof proofFlags
	c := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Set the password of a user",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			// Whether there is such a user is said before anybody types a password.
			if err := p.change(c.Context(), args[0], func(*identity.Account, *config.Loaded) error { return errSeen }); !errors.Is(err, errSeen) {
				return err
			}
			hash, err := proof.hash(args[0], std)
			if err != nil {
				return err
			}
			err = p.change(c.Context(), args[0], func(a *identity.Account, _ *config.Loaded) error {
				if hash == "" {
					a.TOTP = "" // codes go with a password
				}
				a.Hash = hash
				return nil
			})
			return say(std, err, "the password of %s is set", args[0])
		},
	}
	p.add(c)
	proof.add(c)
	c.Flags().BoolVar(&proof.none, "no-password", false, "take the password away, and one-time codes with it")
	return c
}

// errSeen ends a change that is none.
var errSeen = errors.New("there is such a user")

func userTOTP(std stdio) *cobra.Command {
	p := people{std: std}
	var off bool
	var issuer string
	c := &cobra.Command{
		Use:   "totp NAME",
		Short: "Ask a user for one-time codes besides the password, and print the secret for the app",
		Long: `Make a new secret of one-time codes (RFC 6238: six digits, thirty seconds) for a user, and print it
as the otpauth URI that apps take, at a terminal as a QR code too. It is shown this once. SFTP asks for the code besides the password;
FTP takes it behind the password, as in secret123456. Keys and certificates need no code.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			uri := ""
			err := p.change(c.Context(), args[0], func(a *identity.Account, _ *config.Loaded) (err error) {
				switch {
				case off:
					a.TOTP = ""
				case a.Hash == "":
					err = fmt.Errorf("%s has no password, which one-time codes go with: dray user passwd %[1]s", a.Name)
				default:
					a.TOTP, uri, err = identity.NewTOTP(issuer, a.Name)
				}
				return err
			})
			if off {
				return say(std, err, "%s needs no one-time codes any more", args[0])
			}
			if err == nil && isTerminal(std.out) {
				code, err := drawQR(uri)
				if err := say(std, err, "%s", code); err != nil {
					return err
				}
			}
			return say(std, err, "%s", uri)
		},
	}
	p.add(c)
	c.Flags().BoolVar(&off, "off", false, "ask for no codes any more")
	c.Flags().StringVar(&issuer, "issuer", "dray on "+hostName(), "what the app calls the server")
	return c
}

func hostName() string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "this host"
}

func userSwitch(std stdio, verb, short string, disabled bool) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			err := p.change(c.Context(), args[0], func(a *identity.Account, _ *config.Loaded) error {
				a.Disabled = disabled
				if until := a.Expires; !disabled && !until.IsZero() && !time.Now().Before(until) {
					fmt.Fprintf(std.err, "dray: note: %s has expired, see dray user set %[1]s --expires\n", a.Name)
				}
				return nil
			})
			return say(std, err, "%s is %sd", args[0], verb)
		},
	}
	p.add(c)
	return c
}

func userRemove(std stdio) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user, and end the sessions there are; files stay",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			err := p.with(c.Context(), false, func(s *store.Store, _ *config.Loaded) error { return s.Remove(c.Context(), args[0]) })
			if err != nil {
				if why := p.stored(args[0], "removed"); why != nil { // the settings may hide one in the store, which is removed
					err = why
				}
			}
			return say(std, err, "%s is removed", args[0])
		},
	}
	p.add(c)
	return c
}

// readKeys reads a file of public keys, - being standard input.
func readKeys(name string, std stdio) ([]string, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(io.LimitReader(std.in, 1<<20))
	} else {
		text, err = os.ReadFile(filepath.Clean(name))
	}
	if err != nil {
		return nil, &localError{cannotRead, err}
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, &usageError{fmt.Errorf("%s: there is no key in it", name)}
	}
	return lines, nil
}
