package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dray/internal/device"
	"dray/internal/device/ios"
	iosshow "dray/internal/device/ios/show"
	"dray/internal/device/reach"
	"dray/internal/device/term"
	"dray/internal/sshclient"
)

func deviceCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "device",
		Short: "Work at the prompt of Cisco IOS and IOS XE devices",
		Long: `Work at the prompt of devices with Cisco IOS or IOS XE, by SSH or telnet.

HOST is a name in the inventory, or else [USER@]HOST[:PORT]. The password is that of the
inventory, or DRAY_PASSWORD, or asked for; by SSH keys and the agent are tried first. The
secret of enable is that of the inventory, or DRAY_ENABLE, or asked for.

No question of a device is answered unless it is known what the answer does. What would
erase, format or squeeze a file system is answered with no, always.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(deviceRun(std), deviceFacts(std), deviceBackup(std), deviceCopy(std))
	return c
}

// deviceOptions are the flags that say how to come to a device.
type deviceOptions struct {
	sshOptions
	inventory  string
	telnet     bool
	enable     bool
	user       string
	idle       time.Duration
	total      time.Duration
	transcript string
	away       time.Duration // how long it may be away after a reload; 0 is usual
}

func (o *deviceOptions) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.inventory, "inventory", "", "file that says where devices are and how to log in, as dray sim writes it")
	f.BoolVar(&o.telnet, "telnet", false, "by telnet instead of SSH: nothing is hidden on the way")
	f.BoolVar(&o.enable, "enable", false, "become privileged, if log-in alone does not do it")
	f.StringVar(&o.user, "user", "", "who logs in, if neither HOST nor the inventory says")
	f.DurationVar(&o.idle, "idle-timeout", 0, "how long a device may say nothing (default 30s, while it copies 2m)")
	f.DurationVar(&o.total, "timeout", 0, "how long a command may take (default 1h, copies 6h)")
	f.StringVar(&o.transcript, "transcript", "", "add what is said on either side to this file, without passwords")
	f.StringVar(&o.hostKey, "host-key", "", "SSH: accept this key of the device only, written SHA256:BASE64, instead of asking")
	f.StringVarP(&o.jump, "jump", "J", "", "go through the SSH server [USER@]HOST[:PORT], several with commas between")
	f.StringArrayVarP(&o.identities, "identity", "i", nil, "SSH: log in with the private key in this file (repeatable)")
	f.BoolVar(&o.legacy, "ssh-legacy", false, "SSH: also use SHA-1 and CBC, for devices before 2018")
}

// entry finds a device.
func (o *deviceOptions) entry(name string) (reach.Entry, error) {
	if o.inventory == "" {
		user, host, ok := strings.Cut(name, "@")
		if !ok {
			user, host = o.user, name
		}
		if host == "" || strings.ContainsAny(host, " /@") {
			return reach.Entry{}, &usageError{fmt.Errorf("%q is no device: want [USER@]HOST[:PORT]", name)}
		}
		return reach.Entry{Name: host, SSH: host, Telnet: host, User: user}, nil
	}
	all, err := readInventory(o.inventory)
	if err != nil {
		return reach.Entry{}, err
	}
	e, ok := all.Find(name)
	if !ok {
		var names []string
		for _, e := range all.Devices {
			names = append(names, e.Name)
		}
		return e, &usageError{fmt.Errorf("%s has no device %q: it has %s", o.inventory, name, strings.Join(names, ", "))}
	}
	if e.User == "" {
		e.User = o.user
	}
	return e, nil
}

// readInventory reads an inventory. One with passwords must not be readable by others.
func readInventory(name string) (all reach.Inventory, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return all, &localError{cannotRead, err}
	}
	if all, err = reach.ParseInventory(text); err != nil {
		return all, &usageError{fmt.Errorf("%s: %w", name, err)}
	}
	info, err := os.Stat(name)
	if err != nil {
		return all, &localError{cannotRead, err}
	}
	secret := slices.ContainsFunc(all.Devices, func(e reach.Entry) bool { return e.Password != "" || e.Enable != "" })
	if secret && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return all, &usageError{fmt.Errorf("%s holds passwords and others may read it: chmod 600 %[1]s", name)}
	}
	return all, nil
}

// open logs in to a device.
func (o *deviceOptions) open(ctx context.Context, name string, std stdio) (*ios.Device, reach.Entry, error) {
	e, err := o.entry(name)
	if err != nil {
		return nil, e, err
	}
	if e.Password == "" {
		e.Password = os.Getenv("DRAY_PASSWORD")
	}
	if e.Enable == "" {
		e.Enable = os.Getenv("DRAY_ENABLE")
	}
	dial, err := o.dial(&e, asker(std))
	if err != nil {
		return nil, e, err
	}
	if o.enable && e.Enable == "" {
		if e.Enable, err = askSecret(asker(std), "Secret of enable on "+e.Name+": ", "DRAY_ENABLE"); err != nil {
			return nil, e, err
		}
	}
	cfg := ios.Config{Dial: dial, CopyIdle: o.idle, CopyTotal: o.total, ReturnWait: o.away, Term: term.Config{User: e.User, Password: e.Password, Enable: e.Enable, Idle: o.idle, Total: o.total}}
	if o.transcript != "" {
		f, err := os.OpenFile(o.transcript, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, e, &localError{cannotWrite, err}
		}
		context.AfterFunc(ctx, func() { f.Close() })
		cfg.Term.Transcript = f
	}
	d, err := ios.Open(ctx, cfg)
	if err != nil {
		err = fmt.Errorf("%s: %w", e.Name, err)
		if errors.Is(err, sshclient.ErrLogin) {
			err = &advisedError{err, loginAdvice}
		}
		return nil, e, err
	}
	return d, e, nil
}

// dial says how a device is reached.
func (o *deviceOptions) dial(e *reach.Entry, ask func(string, bool) (string, error)) (func(context.Context) (io.ReadWriteCloser, error), error) {
	if o.telnet || e.SSH == "" {
		if o.hostKey != "" {
			return nil, &usageError{errors.New("--host-key is for SSH: telnet has no keys")}
		}
		if e.Telnet == "" {
			return nil, &usageError{fmt.Errorf("%s has no telnet in the inventory", e.Name)}
		}
		if e.Password == "" && ask != nil {
			var err error
			if e.Password, err = askSecret(ask, "Password for "+e.Name+": ", "DRAY_PASSWORD"); err != nil {
				return nil, err
			}
		}
		return o.telnetDial(e, ask), nil
	}
	t, err := sshclient.ParseTarget(e.SSH)
	if err != nil {
		return nil, err
	}
	t.User = e.User
	if err := o.sshOptions.check("sftp"); err != nil {
		return nil, &usageError{err}
	}
	d := sshDialer(o.sshOptions, stdio{})
	d.Ask, d.Password, d.Legacy = ask, e.Password, o.legacy || e.Legacy
	if d.Jump == "" {
		d.Jump = e.Jump
	}
	if e.HostKey != "" && d.HostKey == "" {
		if d.HostKey, err = reach.Fingerprint(e.HostKey); err != nil {
			return nil, &usageError{err}
		}
	}
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return reach.SSH(ctx, &d, t) }, nil
}

// telnetDial says how a device is reached by telnet, through a jump host if there is one.
func (o *deviceOptions) telnetDial(e *reach.Entry, ask func(string, bool) (string, error)) func(context.Context) (io.ReadWriteCloser, error) {
	addr, jump := reach.WithPort(e.Telnet, "23"), o.jump
	if jump == "" {
		jump = e.Jump
	}
	if jump == "" {
		return func(ctx context.Context) (io.ReadWriteCloser, error) { return reach.Telnet(ctx, addr) }
	}
	d := sshDialer(o.sshOptions, stdio{})
	d.Ask = ask
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		return reach.TelnetThrough(ctx, d, jump, addr)
	}
}

// askSecret asks for what nobody may see.
func askSecret(ask func(string, bool) (string, error), question, variable string) (string, error) {
	if ask == nil {
		return "", &usageError{fmt.Errorf("%s is not set, and nobody is there to be asked", variable)}
	}
	return ask(question, true)
}

// withDevice logs in, does something there, and hangs up.
func (o *deviceOptions) withDevice(ctx context.Context, name string, std stdio, do func(context.Context, *ios.Device, reach.Entry) error) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	d, e, err := o.open(ctx, name, std)
	if err != nil && ctx.Err() != nil {
		err = &interruptedError{name}
	}
	if err != nil {
		return err
	}
	err = do(ctx, d, e)
	if err != nil && ctx.Err() != nil {
		err = &interruptedError{e.Name}
	}
	return errors.Join(err, d.Close())
}

// loginAdvice is what to do when a device refuses a log-in.
const loginAdvice = "User and password are those of --inventory, or of USER@HOST or --user, and DRAY_PASSWORD; a key is that of --identity"

// interruptedError is what a signal has ended.
type interruptedError struct{ name string }

func (e *interruptedError) Error() string {
	return e.name + ": interrupted; the device may go on with what it was told"
}

func (e *interruptedError) Unwrap() error { return context.Canceled }

// printable is a text of a device without what could steer the terminal that shows it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// deviceExit is the code of an error at a device, 0 if err is none.
func deviceExit(err error) int {
	var unread *iosshow.ParseError
	for _, row := range []struct {
		err  error
		code int
	}{
		{reach.ErrConnect, 7}, {device.ErrBack, 28}, {device.ErrBooted, 28}, {device.ErrDamaged, 18},
		{term.ErrLogin, 67}, {term.ErrEnable, 67}, {term.ErrSilent, 28}, {term.ErrTooLong, 28}, {term.ErrHungUp, 56},
		{term.ErrRefused, 21}, {device.ErrGuarded, 21}, {term.ErrCommand, 2}, {term.ErrQuestion, 21}, {term.ErrMode, 8},
		{iosshow.ErrTimeout, 28}, {iosshow.ErrNotFound, 78}, {iosshow.ErrResolve, 6}, {iosshow.ErrNoSpace, 70}, {iosshow.ErrLogin, 67}, {iosshow.ErrConnect, 7},
		{device.ErrLacks, 2}, {device.ErrExists, 73},
	} {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	if errors.As(err, &unread) {
		return 8
	}
	return 0
}

// deviceHint is what to do about an error at a device.
func deviceHint(err error) string {
	var q *term.QuestionError
	switch {
	case errors.As(err, &q) && q.Question == nil:
		return "Nothing was answered, and the connection is closed. Look at the device, and give the command by hand\n"
	case errors.As(err, &q) && q.Question.Enter != "":
		return fmt.Sprintf("Nothing was answered, and the connection is closed. Enter would mean: %s. To answer it, add --answer 'PART OF THE QUESTION=ANSWER' to dray device run\n", q.Question.Enter)
	case errors.As(err, &q):
		return "Nothing was answered, and the connection is closed. To answer it, add --answer 'PART OF THE QUESTION=ANSWER' to dray device run\n"
	case errors.Is(err, term.ErrLogin):
		return loginAdvice + "\n"
	case errors.Is(err, term.ErrEnable):
		return "The secret of enable is that of --inventory, or DRAY_ENABLE\n"
	case errors.Is(err, device.ErrExists):
		return "--replace overwrites it\n"
	case errors.Is(err, device.ErrBack):
		return "Look at its console\n"
	case errors.Is(err, device.ErrModified):
		return "Save it with write memory, or look at what has changed first: dray device backup HOST\n"
	}
	return ""
}
