package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func getCommand(std stdio) *cobra.Command {
	var o remoteOptions
	var resume bool
	c := &cobra.Command{
		Use:   "get URL [LOCAL]",
		Short: "Fetch a file over FTP, SFTP, scp or TFTP",
		Long: `Fetch the file at URL. It is saved in the current folder under its own name, or as
LOCAL, or in LOCAL if that is a folder; "-" is standard output. A file that is there
already is replaced when the new one is whole, not before.`,
		Example: "  dray get ftp://192.0.2.1/images/c2900.bin\n  dray get tftp://192.0.2.1/router-confg -",
		Args:    usageArgs(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := parseRemote(args[0], o, std)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			return get(ctx, r, strings.Join(args[1:], ""), resume, std)
		},
	}
	o.add(c)
	o.tftp.add(c)
	c.Flags().BoolVarP(&resume, "continue", "c", false, "FTP, SFTP: add what is missing to a LOCAL that is there, instead of replacing it")
	return c
}

func get(ctx context.Context, r remote, local string, resume bool, std stdio) error {
	bar := newProgress(std.err, r.name(), -1)
	err := saveTo(target{local, r.name(), resume}, std.out, func(w io.Writer, offset int64) error {
		return r.fetch(ctx, w, offset, bar.at)
	})
	bar.end(err == nil)
	return err
}

func putCommand(std stdio) *cobra.Command {
	var o remoteOptions
	var resume bool
	c := &cobra.Command{
		Use:   "put LOCAL URL",
		Short: "Store a file over FTP, SFTP, scp or TFTP",
		Long: `Store the file LOCAL, or standard input if that is "-", at URL. A URL that ends with
"/" names the folder to store it in.`,
		Example: "  dray put c2900.bin ftp://amy@192.0.2.1/images/\n  echo hello | dray put - tftp://192.0.2.1/greeting",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			target, err := nameFile(args[1], args[0])
			if err != nil {
				return err
			}
			r, err := parseRemote(target, o, std)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			return put(ctx, args[0], r, resume, std)
		},
	}
	o.add(c)
	o.tftp.add(c)
	c.Flags().BoolVarP(&resume, "continue", "c", false, "FTP, SFTP: send what the server's file lacks, instead of replacing it")
	return c
}

// nameFile adds the name of a local file to a URL that names a folder.
func nameFile(raw, local string) (string, error) {
	_, rest, _ := strings.Cut(raw, "://")
	if strings.Contains(rest, "/") && !strings.HasSuffix(raw, "/") {
		return raw, nil
	}
	if local == "-" {
		return "", &usageError{fmt.Errorf("standard input has no name: say one in the URL")}
	}
	return strings.TrimSuffix(raw, "/") + "/" + url.PathEscape(filepath.Base(local)), nil
}

func put(ctx context.Context, local string, r remote, resume bool, std stdio) error {
	src, size, err := openLocal(local, std.in)
	if err != nil {
		return err
	}
	defer src.Close()
	bar := newProgress(std.err, r.name(), size)
	err = r.store(ctx, src, size, resume, bar.at)
	bar.end(err == nil)
	return err
}

// interruptible ends the context at Ctrl-C, so that a transfer leaves nothing half done. A
// second Ctrl-C ends the program, which may be waiting for somebody to read what it writes.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
