package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dray/internal/admission"
	"dray/internal/config"
	"dray/internal/daemon"
)

func sessionCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "session",
		Short: "List and end the sessions of a running server",
		Long: `List and end the sessions of the dray serve that runs with the same state folder. Who may open
that folder, its owner and root, may do this.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(sessionList(std), sessionEnd(std))
	return c
}

func sessionList(std stdio) *cobra.Command {
	var server running
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List who is there, and what they do",
		Example: "  dray session list\n  dray session list --json | jq -r .user",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			var all []admission.Info
			if err := server.ask(c.Context(), "GET", "/sessions", nil, &all); err != nil {
				return err
			}
			if asJSON {
				return printLines(std.out, all)
			}
			return table(std.out, "SESSION\tPROTOCOL\tUSER\tADDRESS\tSINCE\tBYTES\tDOES", all, func(i admission.Info) []any {
				does := "-"
				if i.Op != "" {
					does = i.Op + " " + inLine(i.Path)
				}
				return []any{i.ID, i.Protocol, inLine(i.User), i.Remote.Addr(), ago(i.Since), i.Bytes, does}
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a session")
	server.add(c)
	return c
}

func sessionEnd(std stdio) *cobra.Command {
	var server running
	var user, network string
	c := &cobra.Command{
		Use:   "end [SESSION]",
		Short: "End sessions at once, their transfers too",
		Long: `End a session by its name in dray session list, all of a user, or all of an address or network.
Who comes back is let in: dray user disable and dray ban add keep people out.`,
		Example: "  dray session end ftp12\n  dray session end --user amy\n  dray session end --network 192.0.2.0/24",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			m := admission.Match{User: user}
			if len(args) > 0 {
				m.ID = args[0]
			}
			if network != "" {
				var err error
				if m.Network, err = parseNetwork(network); err != nil {
					return &usageError{fmt.Errorf("--network: %w", err)}
				}
			}
			if err := m.Check(); err != nil {
				return &usageError{errors.New("want one of SESSION, --user and --network")}
			}
			var ended daemon.Ended
			if err := server.ask(c.Context(), "POST", "/sessions/end", m, &ended); err != nil {
				return err
			}
			if ended.Ended == 0 {
				return errors.New("there is no such session: see dray session list")
			}
			fmt.Fprintf(std.out, "ended: %d\n", ended.Ended)
			return nil
		},
	}
	c.Flags().StringVar(&user, "user", "", "all of this user")
	c.Flags().StringVar(&network, "network", "", "all of this address or network")
	server.add(c)
	return c
}

// parseNetwork takes an address, or a network.
func parseNetwork(s string) (netip.Prefix, error) {
	var n config.Network
	err := n.Set(s)
	return netip.Prefix(n), err
}

// inLine is what a peer has chosen, so that it cannot steer a terminal or forge a line.
func inLine(s string) string {
	if s == "" {
		return "-"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// ago is how long ago something was.
func ago(t time.Time) string { return time.Since(t).Round(time.Second).String() }

// table prints rows below a head, in columns.
func table[T any](w io.Writer, head string, all []T, row func(T) []any) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	for _, one := range all {
		for i, v := range row(one) {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, v)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
