// Command dray moves files to and from network devices: it serves a folder over FTP and
// TFTP, and fetches and stores over both.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func main() {
	args := takeArgs(os.Args[1:])
	os.Exit(run(context.Background(), args, stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, std stdio) int {
	root := rootCommand(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	c, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errDenied): // which has been said
		return 1
	}
	help := ""
	if usage := new(usageError); errors.As(err, &usage) {
		help = fmt.Sprintf(" (see %s --help)", c.CommandPath())
	}
	text := err.Error()
	if _, several := err.(interface{ Unwrap() []error }); several { // a line each
		text = strings.ReplaceAll(text, "\n", "\ndray: ")
	}
	fmt.Fprintf(std.err, "dray: %s%s\n%s", text, help, hint(err))
	return exitCode(err)
}

func rootCommand(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "dray",
		Short:         "Serve and move files over FTP, SFTP and TFTP",
		Long:          "dray serves a folder over FTP, SFTP and TFTP, and fetches and stores files over them.\n\n" + exitCodes,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{withoutValue(err)} })
	root.AddCommand(
		serveCommand(std), getCommand(std), putCommand(std), lsCommand(std), hashCommand(std), tftpCommand(std),
		userCommand(std), groupCommand(std), sessionCommand(std), banCommand(std), explainCommand(std), configCommand(std), reloadCommand(std), auditCommand(std),
		deviceCommand(std), simCommand(std), versionCommand(std),
	)
	return root
}

// usageError is a command line that cannot be carried out.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// withoutValue is the error of a flag without what was given to it, which may be a
// password.
func withoutValue(err error) error {
	var invalid interface {
		error
		GetValue() string
	}
	if !errors.As(err, &invalid) {
		return err
	}
	return errors.New(strings.Replace(invalid.Error(), strconv.Quote(invalid.GetValue())+" ", "", 1))
}

// usageArgs marks the error of check as one of usage, and says what is wanted.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err != nil && !c.HasSubCommands() {
			err = fmt.Errorf("want %s, not %d arguments", strings.TrimSuffix(c.UseLine(), " [flags]"), len(args))
		}
		if err != nil {
			return &usageError{err}
		}
		return nil
	}
}
