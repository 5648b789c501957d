package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"dray/ftp"
)

func lsCommand(std stdio) *cobra.Command {
	var o remoteOptions
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls URL",
		Short:   "List a folder over FTP",
		Long:    "List the folder at URL, a line a name as ls -l does. TFTP has no lists.",
		Example: "  dray ls ftp://192.0.2.1/images/\n  dray ls --json ftp://192.0.2.1/ | jq -r .name",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if scheme, _ := schemeOf(args[0]); scheme == "tftp" {
				return &usageError{errors.New("TFTP has no lists: ask for a file by its name, or use ftp://")}
			}
			r, err := parseRemote(args[0], o, std)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(c.Context())
			defer stop()
			out := bufio.NewWriter(std.out)
			print := printLong
			if asJSON {
				print = printJSON
			}
			for e, err := range r.(lister).list(ctx) {
				if err == nil {
					err = print(out, e)
				}
				if err != nil {
					return errors.Join(err, out.Flush())
				}
			}
			return out.Flush()
		},
	}
	o.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a name")
	return c
}

func printLong(w io.Writer, e ftp.Entry) error {
	_, err := w.Write(append(e.AppendUnix(nil, time.Now()), '\n'))
	return err
}

func printJSON(w io.Writer, e ftp.Entry) error {
	line := struct {
		Name  string     `json:"name"`
		Type  string     `json:"type"`
		Size  *int64     `json:"size,omitempty"`
		Mtime *time.Time `json:"mtime,omitempty"`
	}{Name: e.Name, Type: typeWord(e.Type)}
	if e.Size >= 0 {
		line.Size = &e.Size
	}
	if !e.ModTime.IsZero() {
		line.Mtime = &e.ModTime
	}
	return json.NewEncoder(w).Encode(line)
}

func typeWord(t ftp.EntryType) string {
	switch t {
	case ftp.TypeFile:
		return "file"
	case ftp.TypeDir:
		return "dir"
	case ftp.TypeLink:
		return "link"
	}
	return "other"
}
