package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"dray/internal/tftpd/remap"
	"dray/tftp"
)

func tftpCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "tftp",
		Short: "Tools for TFTP",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(mapTestCommand(std))
	return c
}

func mapTestCommand(std stdio) *cobra.Command {
	var from string
	var put bool
	c := &cobra.Command{
		Use:   "map-test FILE NAME",
		Short: "Show how the rules of a map file change a name",
		Long: `Show what every rule of a map file, as of --tftp-map-file, does to the NAME that a client asks for.

A refused name ends with exit code 69, as the client would.`,
		Example: "  dray tftp map-test rules '\\Boot\\BCD'\n  dray tftp map-test rules startup-config --put --from 2001:db8::7",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error {
			client, err := netip.ParseAddr(from)
			if err != nil {
				return &usageError{errors.New("--from wants the IP address of a client")}
			}
			return mapTest(std, args[0], remap.Request{Name: args[1], Write: put, Client: client})
		},
	}
	f := c.Flags()
	f.StringVar(&from, "from", "192.0.2.1", "address of the client that asks")
	f.BoolVar(&put, "put", false, "the client wants to write")
	return c
}

func mapTest(std stdio, file string, q remap.Request) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return &localError{cannotRead, err}
	}
	rules, err := remap.Parse(string(text))
	if err != nil {
		return &settingsError{fmt.Errorf("%s: %w", file, err)}
	}
	result := rules.Explain(q, func(s remap.Step) {
		fmt.Fprintf(std.out, "line %d: %s\n\t%s: %q\n", s.Line, s.Rule, s.Action, s.Name)
	})
	if result.Refused {
		return fmt.Errorf("line %d refuses %q: %w", result.Line, q.Name, &tftp.Error{Code: tftp.CodeAccess, Message: result.Message})
	}
	_, err = fmt.Fprintf(std.out, "%q becomes %q\n", q.Name, result.Name)
	return err
}
