package remap

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// Request is what the rules are asked about.
type Request struct {
	Name   string     // as the client sent it
	Write  bool       // WRQ, not RRQ
	Client netip.Addr // IPv4 within IPv6 counts as IPv4
}

// Result is what the rules have made of a request.
type Result struct {
	Name    string // to serve; "" when Refused
	Refused bool
	Message string // for the client that is refused; "" leaves it to the code
	Line    int    // of the rule that has ended it; 0: none, or the last rule was passed
}

// Limits on one request.
const (
	MaxSteps = 4096 // expressions that are tried
	MaxName  = 1024 // octets to which a name may grow; a request holds 512
)

// failure is what a client is told whose name the rules never finish with.
const failure = "Remap table failure"

// Step is one thing that a rule did to a name, or did not.
type Step struct {
	Line   int    // of the rule
	Rule   string // its text
	Name   string // after the step
	Action string // in words
}

// Apply takes a name through the rules.
func (r *Rules) Apply(q Request) Result { return r.run(q, nil) }

// Explain does the same, and tells each step.
func (r *Rules) Explain(q Request, tell func(Step)) Result { return r.run(q, tell) }

func (r *Rules) run(q Request, tell func(Step)) Result {
	p := passage{request: q, name: widen(q.Name), tell: tell, left: MaxSteps}
	p.request.Client = q.Client.Unmap()
	for i := 0; i < len(r.rules); i++ {
		rule := &r.rules[i]
		if why := rule.excludes(p.request); why != "" {
			p.say(rule, "skipped: "+why)
			continue
		}
		matched, result := p.execute(rule)
		switch {
		case result != nil:
			result.Line = rule.line
			return *result
		case !matched:
		case rule.end:
			p.say(rule, "end")
			return Result{Name: narrow(p.name), Line: rule.line}
		case rule.restart:
			p.say(rule, "start over")
			i = -1
		}
	}
	return Result{Name: narrow(p.name)}
}

// excludes says why a rule does not hold for a request; "" if it does.
func (r *rule) excludes(q Request) string {
	switch {
	case r.reads && q.Write:
		return "for reads only"
	case r.writes && !q.Write:
		return "for writes only"
	case r.ipv4 && !q.Client.Is4():
		return "for IPv4 only"
	case r.ipv6 && !q.Client.Is6():
		return "for IPv6 only"
	}
	return ""
}

// passage is a name on its way through the rules.
type passage struct {
	request Request
	name    string     // widened
	left    int        // steps
	tell    func(Step) // nil: nobody listens
}

func (p *passage) say(r *rule, action string) {
	if p.tell == nil {
		return
	}
	p.tell(Step{Line: r.line, Rule: r.text, Name: narrow(p.name), Action: action})
}

// execute does what one rule says. A result is the end of it.
func (p *passage) execute(r *rule) (matched bool, result *Result) {
	for {
		if p.left == 0 {
			p.say(r, fmt.Sprintf("refused: no end after %d steps", MaxSteps))
			return false, &Result{Refused: true, Message: failure}
		}
		p.left--
		m := r.re.FindStringSubmatchIndex(p.name)
		switch {
		case (m == nil) != r.inverse:
			if !matched {
				p.say(r, "no match")
			}
			return matched, nil
		case r.abort:
			message := narrow(p.expand(r.pattern, m))
			p.say(r, "refused")
			return true, &Result{Refused: true, Message: message}
		case !r.replace:
			p.say(r, "match")
			return true, nil
		}
		matched = true
		p.name = p.name[:m[0]] + p.expand(r.pattern, m) + p.name[m[1]:]
		if utf8.RuneCountInString(p.name) > max(MaxName, len(p.request.Name)) {
			p.name = ""
			p.say(r, fmt.Sprintf("refused: the name grew beyond %d octets", MaxName))
			return false, &Result{Refused: true, Message: failure}
		}
		p.say(r, "replaced")
		if !r.global {
			return true, nil
		}
	}
}

// expand writes a pattern with what the match m has found; m is nil for none.
func (p *passage) expand(pattern string, m []int) string {
	var b strings.Builder
	change := func(s string) string { return s }
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '\\' || i+1 == len(pattern) {
			b.WriteString(change(octet(pattern[i])))
			continue
		}
		i++
		switch c := pattern[i]; c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			if g := 2 * int(c-'0'); g < len(m) && m[g] >= 0 {
				b.WriteString(change(p.name[m[g]:m[g+1]]))
			}
		case 'i':
			b.WriteString(change(p.request.Client.WithZone("").String()))
		case 'x':
			b.WriteString(change(hexadecimal(p.request.Client)))
		case 'U':
			change = strings.ToUpper
		case 'L':
			change = strings.ToLower
		case 'E':
			change = func(s string) string { return s }
		default:
			b.WriteString(change(octet(c)))
		}
	}
	return b.String()
}

func hexadecimal(a netip.Addr) string { return fmt.Sprintf("%X", a.AsSlice()) }
