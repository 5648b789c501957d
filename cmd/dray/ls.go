package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dray/ftp"
)

func lsCommand(std stdio) *cobra.Command {
	var o remoteOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "ls URL",
		Short: "List a folder over FTP or SFTP",
		Long: `List the folder at URL, a line a name as ls -l does, sorted by name. A folder with more than
` + strconv.Itoa(sortedNames) + ` names is listed in the order of the server, as they come. TFTP and scp have no lists.`,
		Example: "  dray ls ftp://192.0.2.1/images/\n  dray ls --json ftp://192.0.2.1/ | jq -r .name",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			switch scheme, _ := schemeOf(args[0]); scheme {
			case "tftp":
				return &usageError{errors.New("TFTP has no lists: ask for a file by its name, or use ftp://")}
			case "scp":
				return &usageError{errors.New("scp has no lists: ask for a file by its name, or use sftp://")}
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
			err = eachSorted(r.(lister).list(ctx), func(e ftp.Entry) error { return print(out, e) })
			return errors.Join(err, out.Flush())
		},
	}
	o.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a name")
	return c
}

// sortedNames is how many names are kept to sort them. Who lists more wants to see the first
// at once.
const sortedNames = 50_000

// eachSorted calls show for each entry, in the order of their names unless there are too
// many. What came before an error is shown too.
func eachSorted(entries iter.Seq2[ftp.Entry, error], show func(ftp.Entry) error) error {
	var kept []ftp.Entry
	var failed error
	flush := func() error {
		for _, e := range kept {
			if err := show(e); err != nil {
				return err
			}
		}
		kept = nil
		return nil
	}
	seen := 0
	for e, err := range entries {
		if err != nil {
			failed = err
			break
		}
		kept = append(kept, e)
		if seen++; seen > sortedNames {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(kept, func(a, b ftp.Entry) int { return strings.Compare(a.Name, b.Name) })
	return errors.Join(flush(), failed)
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
