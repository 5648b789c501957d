package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/daemon"
)

func configCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check and show the settings of serve",
		Long: `Check and show the settings of dray serve: those of its flags, of the environment (DRAY_...) and of
a file, which go before each other in this order.

The file is the one of --config, else of DRAY_CONFIG, else dray.yaml in the current folder, else
config.yaml in ~/.config/dray, else config.yaml and conf.d/*.yaml in /etc/dray.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		configShow(std, "check", "Say whether the settings are right, and what is wrong", sayChecked),
		configShow(std, "print", "Print every setting, its default too, and where it comes from",
			func(std stdio, cfg *config.Loaded) error { return cfg.Print(std.out) }),
		configPath(std),
	)
	return c
}

// configShow is a command that takes what serve takes, and shows something of it.
func configShow(std stdio, name, short string, show func(stdio, *config.Loaded) error) *cobra.Command {
	var in config.Input
	c := &cobra.Command{
		Use:   name + " [DIR]",
		Short: short,
		Args:  usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := load(&in, args)
			if err != nil {
				return err
			}
			return show(std, cfg)
		},
	}
	addSettings(c, &in)
	return c
}

func sayChecked(std stdio, cfg *config.Loaded) error {
	if len(cfg.Files) == 0 {
		_, err := fmt.Fprintln(std.out, "no file; the settings are right")
		return err
	}
	for _, file := range cfg.Files {
		if _, err := fmt.Fprintf(std.out, "%s: right\n", file); err != nil {
			return err
		}
	}
	return nil
}

func configPath(std stdio) *cobra.Command {
	var in config.Input
	c := &cobra.Command{
		Use:   "path",
		Short: "Print the files that hold the settings, in the order in which they are read",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			in.Env = os.Getenv
			files, err := in.Find()
			for _, file := range files {
				fmt.Fprintln(std.out, file)
			}
			if err == nil && len(files) == 0 {
				fmt.Fprintln(std.err, "no file: flags and the environment say what is set, defaults the rest")
			}
			return err
		},
	}
	addConfigFlag(c, &in)
	return c
}

// addSettings gives a command the flags of serve.
func addSettings(c *cobra.Command, in *config.Input) {
	in.Flags = config.Flags()
	for _, f := range in.Flags {
		if f.Argument {
			continue
		}
		flag := c.Flags().VarPF(f, f.Flag, "", f.Help())
		if f.Type() == "bool" {
			flag.NoOptDefVal = "true"
		}
		if section, _, ok := strings.Cut(f.Key, "."); ok {
			flag.Annotations = map[string][]string{sectionOf: {section}}
		}
		completeFlag(c, f)
	}
	c.Flags().SortFlags = false // the order of the reference
	c.SetUsageFunc(usageBySection)
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	addConfigFlag(c, in)
}

// completeFlag lets a shell complete the words that a flag takes, folders or files.
func completeFlag(c *cobra.Command, f *config.Flag) {
	directive := cobra.ShellCompDirectiveNoFileComp
	switch f.Type() {
	case "DIR":
		directive = cobra.ShellCompDirectiveFilterDirs
	case "FILE":
		directive = cobra.ShellCompDirectiveDefault
	}
	// The flag has just been added, and has no completion yet: there is no error.
	_ = c.RegisterFlagCompletionFunc(f.Flag, cobra.FixedCompletions(f.Words(), directive))
}

func addConfigFlag(c *cobra.Command, in *config.Input) {
	c.Flags().StringVar(&in.Config, "config", "", "file with settings, or \""+config.None+"\" (default dray.yaml here, or the first that dray config path finds)")
}

// load brings the settings together; args is what stands beside the flags.
func load(in *config.Input, args []string) (*config.Loaded, error) {
	in.Env, in.Environ, in.Stored = os.Getenv, os.Environ(), daemon.Stored
	var errs []error
	for _, f := range in.Flags {
		if f.Argument && len(args) > 0 {
			errs = append(errs, f.Set(args[0]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &settingsError{err}
	}
	return reload(in)
}

// reload brings the settings together again, with the flags as they were.
func reload(in *config.Input) (*config.Loaded, error) {
	cfg, err := in.Load()
	if err != nil {
		return nil, &settingsError{err}
	}
	if err := daemon.Check(cfg.Serve); err != nil {
		return nil, &settingsError{cfg.Locate(err)}
	}
	return cfg, nil
}

// settingsError is a setting that is wrong, wherever it stands.
type settingsError struct{ error }

func (e *settingsError) Unwrap() error { return e.error }
