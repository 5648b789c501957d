package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/event/audit"
)

func auditCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Verify the audit trail of serve",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(auditVerify(std))
	return c
}

// auditFlags are what dray audit verify is told.
type auditFlags struct {
	in      config.Input
	keyFile string
	heads   []string
	asJSON  bool
}

func auditVerify(std stdio) *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "verify [FILE...]",
		Short: "Say whether an audit trail is as it was written, and which line is not",
		Long: `Verify the trail that is written to FILE, with the files before it that were rotated and the head
beside it; without FILE the one that the settings name, audit.file. Several FILEs are verified as they
are, in this order, and against no head but those of --head.

Each line holds the hash of the line before, so that one that was changed, removed or moved is
found, and the first is named. That the end was cut off shows in the head beside the trail (FILE.head),
unless that was changed too: then in a head that was kept elsewhere, such as in the log of the
server, --head NUMBER:HASH. A last line that a crash has torn is told, and is no fault.`,
		Example: "  dray audit verify /var/log/dray/audit.jsonl\n  dray audit verify --json --key-file /etc/dray/audit.key /var/log/dray/audit.jsonl | jq .bad",
		RunE: func(_ *cobra.Command, args []string) error {
			r, anchored, err := f.verify(args)
			if err != nil {
				return err
			}
			return f.say(std, r, anchored)
		},
	}
	c.Flags().StringVar(&f.keyFile, "key-file", "", "key of the hashes (default that of the settings, audit.key-file)")
	c.Flags().StringArrayVar(&f.heads, "head", nil, "the trail must hold this line, `NUMBER:HASH`; can be repeated")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a JSON object")
	addConfigFlag(c, &f.in)
	return c
}

// verify reads the trail. anchored is false if there is no head to show that its end is there.
func (f *auditFlags) verify(args []string) (r audit.Report, anchored bool, err error) {
	cfg := config.Audit{KeyFile: f.keyFile}
	if len(args) == 0 {
		f.in.Env, f.in.Environ = os.Getenv, os.Environ()
		loaded, err := f.in.Gather()
		if err != nil {
			return r, false, &settingsError{err}
		}
		if loaded.Audit.File == "" {
			return r, false, &usageError{errors.New("name a FILE: the settings keep no audit trail, audit.file")}
		}
		args = []string{loaded.Audit.File}
		if f.keyFile == "" {
			cfg.KeyFile = loaded.Audit.KeyFile
		}
	}
	c := audit.Check{Files: args}
	if len(args) == 1 {
		if c, err = audit.Find(args[0]); err != nil {
			return r, false, &localError{cannotRead, err}
		}
	}
	for _, text := range f.heads {
		h, err := audit.ParseHead(text)
		if err != nil {
			return r, false, &usageError{fmt.Errorf("--head %w", err)}
		}
		c.Heads = append(c.Heads, h)
	}
	if c.Key, err = cfg.Key(); err != nil {
		return r, false, &localError{cannotRead, err}
	}
	if r, err = audit.Verify(c); errors.Is(err, audit.ErrKey) {
		return r, false, &usageError{fmt.Errorf("%w: pass --key-file", err)}
	} else if err != nil {
		return r, false, &localError{cannotRead, err}
	}
	return r, len(c.Heads) > 0, nil
}

// say prints what was found; the error is the line that is not as it was written.
func (f *auditFlags) say(std stdio, r audit.Report, anchored bool) error {
	if f.asJSON {
		if err := json.NewEncoder(std.out).Encode(r); err != nil {
			return err
		}
	}
	if r.Bad != nil {
		return &trailError{r.Bad}
	}
	if f.asJSON {
		return nil
	}
	fmt.Fprintf(std.out, "right: %s\nhead: %s\n", r.Describe(), r.Head)
	if r.First > 1 {
		fmt.Fprintf(std.out, "The files of the lines before %d are not here: nothing is said of them.\n", r.First)
	}
	if !anchored {
		fmt.Fprintln(std.out, "There is no head to verify the end against: lines may have been cut off it.")
	}
	if r.Lost > 0 {
		fmt.Fprintf(std.out, "The trail says that %d events are not in it: its disk was full or too slow.\n", r.Lost)
	}
	if r.Torn > 0 {
		fmt.Fprintf(std.out, "Behind the last line are %d octets of another: it is being written, or a crash has torn it.\n", r.Torn)
	}
	return nil
}

// trailError is a trail that is not as it was written.
type trailError struct{ bad *audit.Bad }

func (e *trailError) Error() string {
	return "the audit trail is not as it was written: " + e.bad.Error()
}
func (e *trailError) Unwrap() error { return e.bad }
