package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/store"
)

func groupCommand(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "group",
		Short: "Add, list and remove groups of users, and their members",
		Long: `Groups are names that rules speak of. Those of users in users.db are kept there too; a user in the
settings names groups as it likes.`,
		Example: "  dray group add lab\n  dray group member add lab amy bob",
		Args:    usageArgs(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	member := &cobra.Command{
		Use:   "member",
		Short: "Add users to a group, and remove them from it",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	member.AddCommand(
		groupMember(std, "add", "Make users members of a group", func(groups []string, group string) []string {
			if !slices.Contains(groups, group) {
				groups = append(groups, group)
			}
			return groups
		}),
		groupMember(std, "remove", "Take users out of a group", func(groups []string, group string) []string {
			return slices.DeleteFunc(groups, func(g string) bool { return g == group })
		}),
	)
	c.AddCommand(groupAdd(std), groupList(std), groupRemove(std), member)
	return c
}

func groupAdd(std stdio) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a group without members",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := config.CheckName(args[0]); err != nil {
				return &usageError{err}
			}
			err := p.with(c.Context(), true, func(s *store.Store, _ *config.Loaded) error { return s.AddGroup(c.Context(), args[0]) })
			return say(std, err, "the group %s is added", args[0])
		},
	}
	p.add(c)
	return c
}

func groupRemove(std stdio) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a group; its members stay users",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			err := p.with(c.Context(), false, func(s *store.Store, _ *config.Loaded) error { return s.RemoveGroup(c.Context(), args[0]) })
			return say(std, err, "the group %s is removed", args[0])
		},
	}
	p.add(c)
	return c
}

func groupList(std stdio) *cobra.Command {
	p := people{std: std}
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the groups and their members",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), false, func(s *store.Store, _ *config.Loaded) error {
				all, err := s.Groups(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printLines(std.out, all)
				}
				w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tMEMBERS")
				for _, g := range all {
					fmt.Fprintf(w, "%s\t%s\n", g.Name, dash(strings.Join(g.Members, ",")))
				}
				return w.Flush()
			})
		},
	}
	p.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a group")
	return c
}

func groupMember(std stdio, verb, short string, change func(groups []string, group string) []string) *cobra.Command {
	p := people{std: std}
	c := &cobra.Command{
		Use:   verb + " GROUP USER...",
		Short: short,
		Args:  usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			err := p.with(c.Context(), false, func(s *store.Store, _ *config.Loaded) error {
				groups, err := s.Groups(c.Context())
				if err != nil {
					return err
				}
				i := slices.IndexFunc(groups, func(g store.Group) bool { return g.Name == args[0] })
				if i < 0 {
					return fmt.Errorf("%s: %w: dray group add %[1]s", args[0], store.ErrNoGroup)
				}
				var errs []error
				for _, user := range args[1:] {
					errs = append(errs, s.Change(c.Context(), user, func(a *identity.Account) error {
						a.Groups = change(a.Groups, args[0])
						return nil
					}))
				}
				return errors.Join(errs...)
			})
			return say(std, err, "%s: %s", map[string]string{"add": "added to " + args[0], "remove": "removed from " + args[0]}[verb], strings.Join(args[1:], ", "))
		},
	}
	p.add(c)
	return c
}
