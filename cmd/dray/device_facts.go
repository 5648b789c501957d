package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dray/internal/device"
	"dray/internal/device/ios"
	"dray/internal/device/reach"
)

func deviceFacts(std stdio) *cobra.Command {
	var o deviceOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "facts HOST",
		Short: "Say what a device is, what it runs and what it boots next",
		Long: `Ask a device for its model, serial number, release, image, boot list, file systems, members
of its stack, packages and hardware. Nothing is changed.`,
		Example: "  dray device facts --inventory lab.yaml R1\n  dray device facts --inventory lab.yaml R1 --json | jq -r .release",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withDevice(c.Context(), args[0], std, func(ctx context.Context, d *ios.Device, e reach.Entry) error {
				f, err := d.Facts(ctx)
				if err != nil {
					return fmt.Errorf("%s: %w", e.Name, err)
				}
				if !asJSON {
					return printFacts(std.out, f)
				}
				enc := json.NewEncoder(std.out)
				enc.SetEscapeHTML(false)
				return enc.Encode(f)
			})
		},
	}
	o.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func printFacts(w io.Writer, f device.Facts) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", printable(name), printable(value))
		}
	}
	row("name", f.Hostname)
	row("model", f.Model)
	row("serial", f.Serial)
	row("system", f.System+" "+f.Release)
	row("software", f.Software)
	row("image", f.Image+" ("+f.Mode+" mode)")
	row("up", time.Duration(f.Uptime).String())
	row("booted because of", f.Reason)
	register := f.Register
	if f.Next != f.Register {
		register += ", at the next boot " + f.Next
	}
	row("register", register)
	row("boots next", strings.Join(f.Boot, ", "))
	if f.Manual {
		row("manual boot", "yes: it waits at the boot loader")
	}
	row("reload", f.Scheduled)
	for _, s := range f.Storage {
		row(strings.Join(s.Names, " "), fmt.Sprintf("%d octets, %d free", s.Size, s.Free))
	}
	for _, m := range f.Members {
		row(fmt.Sprintf("switch %d", m.Number), strings.Join(strings.Fields(strings.Join([]string{m.Model, m.Release, m.Mode, m.Role, m.State}, " ")), " "))
	}
	for _, p := range f.Packages {
		row("package "+p.State, p.Name)
	}
	for _, p := range f.Parts {
		row("part "+p.PID, strings.TrimSpace(p.Name+" "+p.Serial))
	}
	return t.Flush()
}
