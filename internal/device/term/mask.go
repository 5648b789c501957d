package term

import (
	"regexp"
	"strings"
)

// hidden is what a masked secret looks like.
const hidden = "*****"

// secrets are the forms in which commands and configurations hold what nobody should read.
// The groups stay.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(\b(?:password|secret|passphrase|key-string|pre-shared-key|wpa-psk|md5|authentication-key|hmac-md5|hmac-sha-1)(?: (?:level \d+|ascii|hex))?(?: [0-9])? )\S.*$`),
	regexp.MustCompile(`(?i)(\b(?:snmp-server community|tacacs-server key|radius-server key|ip ospf (?:authentication-key|message-digest-key \d+ md5)|crypto isakmp key|server-private \S+ key)(?: [0-9])? )\S+`),
	regexp.MustCompile(`^(\s*key(?: [0-9])? )\S+$`),
	regexp.MustCompile(`(?i)(snmp-server (?:host|user) ).*$`),
	regexp.MustCompile(`(?i)(\b[a-z]+://[^\s:/@]*:)[^\s@*]+(@)`), // a port has none behind it
}

// Mask hides secrets in a line: those that it is told, and what stands where commands and
// configurations have passwords, keys and communities.
func Mask(line string, known ...string) string {
	for _, s := range known {
		if s != "" {
			line = strings.ReplaceAll(line, s, hidden)
		}
	}
	for _, re := range secrets {
		line = re.ReplaceAllString(line, "${1}"+hidden+"${2}")
	}
	return line
}
