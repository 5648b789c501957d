package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"dray/internal/config"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/rack"
)

// simOptions is what `dray sim` is told.
type simOptions struct {
	devices   int
	model     string
	listen    string
	ssh       config.Port
	telnet    config.Port
	tftp      config.Port
	speed     float64
	inventory string
	plan      string
	console   bool
}

// The ports of the first device.
const (
	simSSH    = 2200
	simTelnet = 2300
)

func simCommand(std stdio) *cobra.Command {
	var o simOptions
	c := &cobra.Command{
		Use:   "sim",
		Short: "Simulate Cisco devices that really pull their image",
		Long: `Simulate Cisco routers and switches: their command line, their flash and how they
boot. Their copy command moves real files, from and to whatever server it names; an image
is a stand-in that "dray sim image" makes. docs/lab.md is a lab to begin with.

Device i answers SSH on port 2200+i and telnet on port 2300+i, counted from 0. User and
password are cisco, as is the secret of enable.`,
		Example: "  dray sim --devices 4\n  dray sim --console --model 2911\n  dray sim --config sim.yaml --inventory lab.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return sim(c.Context(), o, std)
		},
	}
	f := c.Flags()
	f.IntVar(&o.devices, "devices", 1, "how many devices: one of each model in turn, unless --model or --config says otherwise")
	f.StringVar(&o.model, "model", "", "model of the devices: 2911, 2960, 4331 or 9300")
	f.StringVar(&o.listen, "listen", "127.0.0.1", "address that the devices answer on")
	f.Var(&o.ssh, "ssh-port", "port of the first device for SSH, 0 for free ports, or off (default 2200; off with --console)")
	f.Var(&o.telnet, "telnet-port", "port of the first device for telnet, 0 for free ports, or off (default 2300; off with --console)")
	f.Var(&o.tftp, "tftp-port", "port on which the devices ask TFTP servers (default 69)")
	f.Float64Var(&o.speed, "speed", 10, "how much faster than real devices they boot, erase and install")
	f.StringVar(&o.inventory, "inventory", "", "write where the devices are, and how to log in, to this file")
	f.StringVar(&o.plan, "config", "", "file that says models, versions, flash and faults")
	f.BoolVar(&o.console, "console", false, "work at the console of the first device, here; Ctrl-] ends it")
	c.AddCommand(simImageCommand(std))
	return c
}

// rack makes what the options ask for.
func (o simOptions) rack() (rack.Config, error) {
	addr, err := netip.ParseAddr(o.listen)
	if err != nil {
		return rack.Config{}, &usageError{fmt.Errorf("--listen: %q is no address", o.listen)}
	}
	plan := rack.Standard(o.devices)
	switch {
	case o.plan != "":
		text, err := os.ReadFile(o.plan)
		if err != nil {
			return rack.Config{}, &localError{cannotRead, err}
		}
		if plan, err = rack.ParsePlan(text); err != nil {
			return rack.Config{}, fmt.Errorf("%s: %w", o.plan, err)
		}
	case o.devices < 1 || o.devices > 1000:
		return rack.Config{}, &usageError{errors.New("--devices: want 1 to 1000")}
	case o.model != "":
		plan = rack.Plan{Devices: []rack.Group{{Model: o.model, Count: o.devices}}}
	}
	cfg := rack.Config{Listen: addr, Speed: o.speed, SSHPort: o.port(o.ssh, simSSH), TelnetPort: o.port(o.telnet, simTelnet)}
	if plan.Speed > 0 {
		cfg.Speed = plan.Speed
	}
	if n, ok := o.tftp.Number(); ok {
		cfg.TFTPPort = int(n)
	}
	own := addr
	if !own.Is4() || own.IsUnspecified() {
		own = netip.MustParseAddr("192.0.2.1")
	}
	if cfg.Devices, err = plan.Expand(own); err != nil {
		return cfg, &usageError{err}
	}
	return cfg, nil
}

func (o simOptions) port(p config.Port, usual int) int {
	n, said := p.Number()
	switch {
	case said:
		return int(n)
	case p.Off() || o.console:
		return rack.Off
	}
	return usual
}

// sim runs devices until a signal, or the end of the console.
func sim(ctx context.Context, o simOptions, std stdio) error {
	cfg, err := o.rack()
	if err != nil {
		return err
	}
	r, err := rack.Bind(cfg)
	if err != nil {
		return err
	}
	if o.inventory != "" {
		err := writeSecret(o.inventory, rack.Inventory(r.Endpoints()))
		if err != nil {
			return errors.Join(&localError{cannotWrite, err}, r.Close())
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !o.console {
		list(std.out, r.Endpoints())
		return r.Run(ctx)
	}
	run := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() { run <- r.Run(ctx) }()
	err = console(ctx, r, std)
	cancel()
	return errors.Join(err, <-run)
}

// list says where the devices are.
func list(w io.Writer, all []rack.Endpoint) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tMODEL\tSSH\tTELNET")
	text := func(a netip.AddrPort) string {
		if !a.IsValid() {
			return "off"
		}
		return a.String()
	}
	for _, e := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", e.Device.Name, e.Device.Model.Name, text(e.SSH), text(e.Telnet))
	}
	_ = t.Flush() // nobody may be reading
	fmt.Fprintf(w, "\nUser and password: %s %s. Ctrl-C ends the simulation.\n", all[0].Device.User, all[0].Device.Password)
}

// console gives the first device to the terminal.
func console(ctx context.Context, r *rack.Rack, std stdio) error {
	if f, ok := std.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		old, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return fmt.Errorf("console: %w", err)
		}
		defer func() { _ = term.Restore(int(f.Fd()), old) }() // the terminal may have gone
	}
	fmt.Fprint(std.out, "Connected to the console. Ctrl-] ends it.\r\n")
	in, typed := io.Pipe()
	go func() { // ends with the process at the latest: a read of a terminal cannot be broken off
		_, err := io.Copy(untilEscape{typed}, std.in)
		_ = typed.CloseWithError(err) // nil is the end of the input
	}()
	err := r.Console(ctx, 0, seat{in, std.out})
	fmt.Fprint(std.out, "\r\n")
	return err
}

// untilEscape stops at Ctrl-].
type untilEscape struct{ w io.Writer }

func (u untilEscape) Write(b []byte) (int, error) {
	const escape = 0x1d
	if i := bytes.IndexByte(b, escape); i >= 0 {
		_, _ = u.w.Write(b[:i]) // it ends in any case
		return i, io.EOF
	}
	return u.w.Write(b)
}

// seat is a terminal: what is typed there, and what is shown.
type seat struct {
	*io.PipeReader
	io.Writer
}

func simImageCommand(std stdio) *cobra.Command {
	var h image.Header
	c := &cobra.Command{
		Use:   "image --platform MODEL --version VERSION --size OCTETS FILE",
		Short: "Make a stand-in image for simulated devices",
		Long: `Make a file that simulated devices boot: it says for which platform and version it
stands, and shows any damage. It holds no software. FILE may be a folder; then the file is
called as Cisco calls such an image.`,
		Example: "  dray sim image --platform 2911 --version '15.7(3)M9' --size 20000000 images/",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			m, ok := model.Find(h.Platform)
			if !ok {
				return &usageError{errors.New("--platform: want 2911, 2960, 4331 or 9300")}
			}
			i, err := image.New(h)
			if err != nil {
				return &usageError{err}
			}
			name, err := localName(args[0], m.FileName(h.Version))
			if err != nil {
				return err
			}
			err = writeWhole(name, func(w io.Writer) error {
				_, err := io.Copy(w, io.NewSectionReader(i, 0, i.Size()))
				return err
			})
			if err != nil {
				return &localError{cannotWrite, err}
			}
			_, err = fmt.Fprintln(std.out, name)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&h.Platform, "platform", "", "model that it is for: 2911, 2960, 4331 or 9300")
	f.StringVar(&h.Version, "version", "", "version that it stands for, such as 15.7(3)M9 or 17.09.04a")
	f.Int64Var(&h.Size, "size", 16<<20, "length of the file, in octets")
	return c
}
