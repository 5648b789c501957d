package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dray/internal/admission"
	"dray/internal/daemon"
)

func banCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "ban",
		Short: "List, set and lift the bans of a running server",
		Long: `A client that fails to log in ten times within ten minutes is banned for a quarter of an hour, unless
settings say otherwise (bans.after, bans.within, bans.for, bans.allow): FTP and SFTP refuse it. These
commands show who is banned at the dray serve that runs with the same state folder, ban somebody
by hand, and lift bans. Bans survive a restart. TFTP, which knows no log-in, has none.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(banList(std), banAdd(std), banRemove(std))
	return c
}

func banList(std stdio) *cobra.Command {
	var server running
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List who is banned, until when, and why",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			var all []admission.Ban
			if err := server.ask(c.Context(), "GET", "/bans", nil, &all); err != nil {
				return err
			}
			if asJSON {
				return printLines(std.out, all)
			}
			return table(std.out, "NETWORK\tSINCE\tENDS IN\tREFUSED\tREASON", all, func(b admission.Ban) []any {
				return []any{b.Network, ago(b.Since), endsIn(b), b.Refused, inLine(b.Reason)}
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a ban")
	server.add(c)
	return c
}

func endsIn(b admission.Ban) string {
	if b.Until.IsZero() {
		return "never"
	}
	return time.Until(b.Until).Round(time.Second).String()
}

func banAdd(std stdio) *cobra.Command {
	var server running
	var lasts time.Duration
	var reason string
	c := &cobra.Command{
		Use:   "add NETWORK",
		Short: "Keep an address or a network out",
		Long: `Keep an address or a network out, until the ban is lifted or for a time. Sessions that there are go on:
dray session end --network ends them.`,
		Example: "  dray ban add 203.0.113.7\n  dray ban add 203.0.113.0/24 --for 24h --reason 'asks for passwords'",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			network, err := parseNetwork(args[0])
			if err != nil {
				return &usageError{err}
			}
			if lasts < 0 || lasts%time.Second != 0 {
				return &usageError{errors.New("--for wants whole seconds, such as 15m or 24h")}
			}
			var one admission.Ban
			ask := daemon.BanRequest{Network: network, Seconds: int64(lasts / time.Second), Reason: reason}
			if err := server.ask(c.Context(), "POST", "/bans", ask, &one); err != nil {
				return err
			}
			until := "until it is lifted"
			if !one.Until.IsZero() {
				until = "until " + one.Until.Local().Format(time.DateTime)
			}
			fmt.Fprintf(std.out, "%s is banned %s\n", one.Network, until)
			return nil
		},
	}
	c.Flags().DurationVar(&lasts, "for", 0, "how long, such as 15m or 24h (default until it is lifted)")
	c.Flags().StringVar(&reason, "reason", "by hand", "why, for the list and the log")
	server.add(c)
	return c
}

func banRemove(std stdio) *cobra.Command {
	var server running
	c := &cobra.Command{
		Use:     "remove NETWORK",
		Aliases: []string{"lift"},
		Short:   "Lift the bans of an address or a network, and of all within it",
		Example: "  dray ban remove 192.0.2.7\n  dray ban remove 0.0.0.0/0",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			network, err := parseNetwork(args[0])
			if err != nil {
				return &usageError{err}
			}
			var done daemon.Unbanned
			if err := server.ask(c.Context(), "POST", "/bans/lift", daemon.UnbanRequest{Network: network}, &done); err != nil {
				return err
			}
			switch {
			case len(done.Holds) > 0:
				return fmt.Errorf("%s is still banned with %s: lift that", network, done.Holds[0].Network)
			case done.Lifted == 0:
				return fmt.Errorf("%s is not banned: see dray ban list", network)
			}
			fmt.Fprintf(std.out, "lifted: %d\n", done.Lifted)
			return nil
		},
	}
	server.add(c)
	return c
}
