// Package remap rewrites the names in TFTP requests by the rules of a map file, in the
// language of the option -m of tftp-hpa 5.2. It is pure: it reads no file and knows no
// network.
//
// A line holds operators, a regular expression and perhaps a pattern, apart by blanks; a
// hash begins a comment. The rules run from the top:
//
//	r  replace what the expression matches by the pattern
//	g  with r: repeat until the expression no longer matches
//	i  match letters of either case
//	e  after a match, end
//	s  after a match, start over from the first rule
//	a  after a match, refuse the request; the pattern is what the client is told
//	G  for reads only          P  for writes only
//	4  for IPv4 clients only   6  for IPv6 clients only
//	~  execute the rule if the expression does not match; not with r
//
// In a pattern \0 to \9 stand for what was matched, \i for the client's address, \x for
// that in hexadecimal; \U, \L and \E change the case of what follows; a backslash before
// anything else, a blank or a hash say, stands for that character.
//
// Expressions are those of egrep, over octets; letters outside ASCII have no case. Three
// things are not as there. Back-references, and the word borders \< and \>, are refused
// when the file is read. Where a match can be divided among groups in several ways, the
// first alternative goes first, not the longest. A rule with s does what the manual of
// tftp-hpa says and starts over from the very first rule; its release 5.2 skips that one.
package remap
