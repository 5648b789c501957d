package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dray/internal/policy"
)

// Rule says what some users may do, or may not; docs/rules.md has the meaning of all of it.
type Rule struct {
	Place string // where it stands, FILE:LINE
	Name  string

	Users     []string
	Groups    []string
	Protocols []string
	Networks  []netip.Prefix
	Paths     []string

	Allow []string // operations, as [policy.ParseOp] has them, and what stands for several
	Deny  []string // one of both
}

// ruleSettings are the rows of the section rules.
func ruleSettings(s *Serve) []Setting {
	return []Setting{
		{Key: "rules", Members: membersOf(&s.Rules, func(r *Rule) []Setting {
			return []Setting{
				{Key: "name", Value: (*Text)(&r.Name), Unset: "none", Usage: "for people: the log and dray explain show it"},
				{Key: "users", Value: (*Texts)(&r.Users), Unset: "all", Usage: "whom it is about, and"},
				{Key: "groups", Value: (*Texts)(&r.Groups), Unset: "all", Usage: "members of these groups too; guests and TFTP are the user anonymous"},
				{Key: "protocols", Value: (*protocols)(&r.Protocols), Unset: "all", Usage: "by which they come; ftps is FTP under TLS, scp its older form, scp -O"},
				{Key: "networks", Value: (*networks)(&r.Networks), Unset: "all", Usage: "where they come from"},
				{Key: "paths", Value: (*patterns)(&r.Paths), Unset: "all", Usage: "with all below; `*`, `?`, `**`, `{user}`, `{group}` and `{address}` stand for parts of names"},
				{Key: "allow", Value: (*operations)(&r.Allow), Unset: "none", Usage: "what they may do, or"},
				{Key: "deny", Value: (*operations)(&r.Deny), Unset: "none", Usage: "what they may not do"},
			}
		}), Unset: "what write and tftp.write say",
			Usage: "who may do what where: the first rule that speaks of it decides; see docs/rules.md"},
	}
}

// done is called when a file has said all of the rule.
func (r *Rule) done(place string) error {
	r.Place = place
	if (len(r.Allow) > 0) == (len(r.Deny) > 0) {
		return errors.New("want one of allow and deny")
	}
	return nil
}

// Policy is the rule as package policy has it.
func (r *Rule) Policy() (policy.Rule, error) {
	p := policy.Rule{
		Name: r.Name, Origin: r.Place, Users: r.Users, Groups: r.Groups, Protocols: r.Protocols, Networks: r.Networks,
		Allow: len(r.Allow) > 0,
	}
	for _, word := range slices.Concat(r.Allow, r.Deny) {
		ops, err := several(word)
		if err != nil {
			return p, err
		}
		p.Ops |= ops
	}
	if p.Allow && p.Ops&policy.Of(policy.Read, policy.List) != 0 {
		p.Ops |= policy.Of(policy.Stat) // which every client asks for first
	}
	for _, text := range r.Paths {
		pattern, err := policy.ParsePattern(text)
		if err != nil {
			return p, err
		}
		p.Paths = append(p.Paths, pattern)
	}
	return p, nil
}

// The words that stand for several operations.
const (
	allOps    = "all"
	changeOps = "change"
)

// several are the operations that a word stands for.
func several(word string) (policy.Rights, error) {
	switch word {
	case allOps:
		return policy.ReadWrite, nil
	case changeOps:
		return policy.ReadWrite &^ policy.ReadOnly, nil
	}
	op, err := policy.ParseOp(word)
	return policy.Of(op), err
}

// operations is a list of what can be done.
type operations []string

// Set adds an operation.
func (l *operations) Set(s string) error {
	if _, err := several(s); err != nil {
		return fmt.Errorf("want %s", oneOf(l.Words()))
	}
	*l = append(*l, s)
	return nil
}

func (l *operations) String() string { return strings.Join(*l, " ") }

func (l *operations) clear() { *l = nil }

// Words are what Set takes.
func (l *operations) Words() []string { return append(policy.Words(), changeOps, allOps) }

// Type names the value in a usage text.
func (l *operations) Type() string { return "OPERATION" }

// protocols is a list of protocols.
type protocols []string

// Set adds a protocol.
func (l *protocols) Set(s string) error {
	if err := CheckProtocol(s); err != nil {
		return err
	}
	*l = append(*l, s)
	return nil
}

func (l *protocols) String() string { return strings.Join(*l, " ") }

func (l *protocols) clear() { *l = nil }

// Words are what Set takes.
func (l *protocols) Words() []string { return Protocols() }

// Type names the value in a usage text.
func (l *protocols) Type() string { return "PROTOCOL" }

// Protocols are the words by which rules tell protocols apart.
func Protocols() []string { return []string{"ftp", "ftps", "sftp", "scp", "tftp"} }

// patterns is a list of patterns of paths.
type patterns []string

// Set adds a pattern.
func (l *patterns) Set(s string) error {
	if _, err := policy.ParsePattern(s); err != nil {
		return err
	}
	*l = append(*l, s)
	return nil
}

func (l *patterns) String() string { return strings.Join(*l, " ") }

func (l *patterns) clear() { *l = nil }

func (l *patterns) items() []string { return *l }

// Type names the value in a usage text.
func (l *patterns) Type() string { return "PATH" }

// CheckProtocol refuses a word that is none of [Protocols].
func CheckProtocol(s string) error {
	if !slices.Contains(Protocols(), s) {
		return fmt.Errorf("want %s", oneOf(Protocols()))
	}
	return nil
}
