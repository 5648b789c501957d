package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dray/internal/daemon"
)

func reloadCommand(std stdio) *cobra.Command {
	server := running{anyway: true}
	asJSON := false
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have the running server read its settings again",
		Long: `Have the server that runs with these settings read them again, with the files that they
name: certificates, keys, maps. No session ends by it. What is wrong changes nothing, and is
said here. Settings that a running server cannot change are named. The server is found by its
state folder.`,
		Example: "  dray reload\n  dray reload --state-dir /var/lib/dray",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			var said daemon.Reloaded
			if err := server.ask(c.Context(), "POST", "/reload", nil, &said); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(said)
			}
			return sayReloaded(std, said)
		},
	}
	server.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	return c
}

func sayReloaded(std stdio, said daemon.Reloaded) error {
	text := "reloaded: no setting has changed; keys, certificates and maps are read again\n"
	if len(said.Changed) > 0 {
		text = "reloaded: " + strings.Join(said.Changed, ", ") + "\n"
	}
	if len(said.Restart) > 0 {
		text += "in effect after a restart: " + strings.Join(said.Restart, ", ") + "\n"
	}
	_, err := fmt.Fprint(std.out, text)
	return err
}
