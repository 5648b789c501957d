package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/daemon"
	"dray/internal/policy"
)

// errDenied is the outcome of a command that was asked whether something is allowed, and has
// said that it is not.
var errDenied = errors.New("denied")

func explainCommand(std stdio) *cobra.Command {
	var in config.Input
	var q daemon.Question
	var from string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain USER OPERATION PATH",
		Short: "Say whether a user may do something, and which rule decides",
		Long: `Say whether a user may do something to a path, which rule of the settings decides, and why the
rules before it do not. PATH is as the user sees it.

The operations are ` + strings.Join(policy.Words(), ", ") + `.
Guests, and clients of TFTP, are the user anonymous. The settings are those of dray serve, by the same flags,
variables and file; docs/rules.md says how rules work. Exit code 0 is allowed, 1 is not.`,
		Example: "  dray explain amy write /images/new.bin --from 192.0.2.7\n  dray explain anonymous read /router-confg --protocol tftp",
		Args:    usageArgs(cobra.ExactArgs(3)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := asked(&q, args, from); err != nil {
				return &usageError{err}
			}
			cfg, err := load(&in, nil)
			if err != nil {
				return err
			}
			a, err := daemon.Explain(c.Context(), cfg.Serve, q)
			if errors.Is(err, daemon.ErrAsked) {
				return &usageError{err}
			}
			if err != nil {
				return err
			}
			tell := tellExplained
			if asJSON {
				tell = encodeExplained
			}
			if err := tell(std.out, &q, &a); err != nil {
				return err
			}
			if !a.Allowed {
				return errDenied
			}
			return nil
		},
	}
	c.Flags().StringVar(&q.Protocol, "protocol", "", "how the user comes: "+strings.Join(config.Protocols(), ", ")+" (default sftp, for guests ftp)")
	c.Flags().StringVar(&from, "from", "", "address that the user comes from (default unknown: rules that deny hold for every network)")
	c.Flags().StringArrayVar(&q.Groups, "group", nil, "ask as if the user were a member of this group too; repeatable")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	addSettings(c, &in)
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return policy.Words(), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	// The flag has just been added, and has no completion yet: there is no error.
	_ = c.RegisterFlagCompletionFunc("protocol", cobra.FixedCompletions(config.Protocols(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// asked reads the question.
func asked(q *daemon.Question, args []string, from string) (err error) {
	q.User, q.Path = args[0], args[2]
	if q.Op, err = policy.ParseOp(args[1]); err != nil {
		return err
	}
	if q.Protocol != "" {
		if err := config.CheckProtocol(q.Protocol); err != nil {
			return fmt.Errorf("--protocol: %w", err)
		}
	}
	if from != "" {
		if q.Remote, err = netip.ParseAddr(from); err != nil {
			return errors.New("--from: want an IP address")
		}
	}
	return nil
}

func tellExplained(w io.Writer, _ *daemon.Question, a *daemon.Answer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", map[bool]string{true: "allowed", false: "denied"}[a.Allowed], a.Why)
	if a.Note != "" {
		fmt.Fprintf(&b, "  %s\n", a.Note)
	}
	steps(&b, a.Rules.Steps)
	if a.There != nil {
		fmt.Fprintf(&b, "  a link leads to %s:\n", a.LeadsTo)
		steps(&b, a.There.Steps)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func steps(b *strings.Builder, all []policy.Step) {
	for _, s := range all {
		rule := policy.Rule{Name: s.Name, Origin: s.Origin}
		fmt.Fprintf(b, "  %s %s", rule.Label(s.Rule), s.Verdict)
		if s.Reason != "" {
			fmt.Fprintf(b, ": %s", s.Reason)
		}
		b.WriteByte('\n')
	}
}

// explainedStep is what a rule has to do with it.
type explainedStep struct {
	Rule    int    `json:"rule"`
	Name    string `json:"name,omitempty"`
	Origin  string `json:"origin,omitempty"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
}

func encodeExplained(w io.Writer, q *daemon.Question, a *daemon.Answer) error {
	type there struct {
		Path    string          `json:"path"`
		Allowed bool            `json:"allowed"`
		Rule    int             `json:"rule,omitempty"`
		Why     string          `json:"why"`
		Rules   []explainedStep `json:"rules"`
	}
	said := struct {
		User      string          `json:"user"`
		Groups    []string        `json:"groups,omitempty"`
		Operation string          `json:"operation"`
		Path      string          `json:"path"`
		Protocol  string          `json:"protocol"`
		From      string          `json:"from,omitempty"`
		Allowed   bool            `json:"allowed"`
		Rule      int             `json:"rule,omitempty"` // 0: none speaks of it
		Why       string          `json:"why"`
		Note      string          `json:"note,omitempty"`
		Rules     []explainedStep `json:"rules"`
		LeadsTo   *there          `json:"leads_to,omitempty"`
	}{
		User: a.Subject.Name, Groups: a.Subject.Groups, Operation: q.Op.String(), Path: a.Path.String(), Protocol: a.Subject.Protocol,
		Allowed: a.Allowed, Rule: a.Rules.Rule, Why: a.Why, Note: a.Note, Rules: encodeSteps(a.Rules.Steps),
	}
	if q.Remote.IsValid() {
		said.From = q.Remote.String()
	}
	if e := a.There; e != nil {
		said.LeadsTo = &there{a.LeadsTo.String(), e.Allowed, e.Rule, e.Why, encodeSteps(e.Steps)}
	}
	return json.NewEncoder(w).Encode(said)
}

func encodeSteps(all []policy.Step) []explainedStep {
	out := []explainedStep{}
	for _, s := range all {
		out = append(out, explainedStep(s))
	}
	return out
}
