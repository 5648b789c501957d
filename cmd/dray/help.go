package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sectionOf is the annotation of a flag with the section of the settings where its key is,
// such as "tftp"; settings without a section have "".
const sectionOf = "dray/section"

// usageBySection prints how a command is used, with the flags of each section of the
// settings together: they are too many for one list.
func usageBySection(c *cobra.Command) error {
	w := c.OutOrStderr()
	fmt.Fprintf(w, "Usage:\n  %s\n", c.UseLine())
	if c.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", c.Example)
	}
	names, sections := []string{""}, map[string]*pflag.FlagSet{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		name := strings.Join(f.Annotations[sectionOf], "")
		if sections[name] == nil {
			sections[name] = pflag.NewFlagSet(name, pflag.ContinueOnError)
			sections[name].SortFlags = false
			if name != "" {
				names = append(names, name)
			}
		}
		sections[name].AddFlag(f)
	})
	for _, name := range names {
		if sections[name] == nil {
			continue
		}
		title := "Flags"
		if name != "" {
			title += ", " + name
		}
		fmt.Fprintf(w, "\n%s:\n%s", title, sections[name].FlagUsages())
	}
	return nil
}
