package config

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// Audit is how the audit trail is kept.
type Audit struct {
	File    string        // "" keeps none
	KeyFile string        // of the HMAC; "" is plain hashes
	MaxSize Size          // of a file before the next begins; 0 is 64 MiB
	MaxAge  time.Duration // of a file before the next begins; 0 is 30 days
	Keep    int           // how many rotated files are kept; 0 is all
	Failure AuditFailure  // what to do when it cannot be written
}

func auditSettings(a *Audit) []Setting {
	return []Setting{
		{Key: "audit.file", Flag: "audit", Value: (*File)(&a.File), Unset: "none",
			Usage: "keep what happens in this file, as lines of JSON that show tampering; see docs/audit.md"},
		{Key: "audit.key-file", Value: (*File)(&a.KeyFile), Unset: "none: plain hashes",
			Usage: "key of the hashes, so that only who has it can make a trail that verifies; 16 octets at least"},
		{Key: "audit.max-size", Value: &a.MaxSize, Default: "64M",
			Usage: "the size at which the next file begins"},
		{Key: "audit.max-age", Value: (*Duration)(&a.MaxAge), Default: "720h",
			Usage: "the age at which the next file begins"},
		{Key: "audit.keep", Value: Count{&a.Keep, 1, 1 << 20}, Unset: "all",
			Usage: "how many files are kept besides the one that is written"},
		{Key: "audit.on-failure", Value: &a.Failure, Default: "continue",
			Usage: "when the trail cannot be written: serve on, and count what is lost, or let nobody in"},
	}
}

// Key is the key of the audit trail, nil if there is none.
func (a *Audit) Key() ([]byte, error) {
	if a.KeyFile == "" {
		return nil, nil
	}
	key, err := secret(a.KeyFile, "audit.key-file")
	if err == nil && len(key) < 16 {
		err = fmt.Errorf("%s holds %d octets, and a key wants 16 at least, such as of: openssl rand -hex 32", a.KeyFile, len(key))
	}
	return key, err
}

// secret reads a file that is closed to others, without the line end.
func secret(name, key string) ([]byte, error) {
	text, mode, err := read(name)
	if err == nil {
		err = closed(name, key, mode)
	}
	return bytes.TrimRight(text, "\r\n"), err
}

func (s *Serve) checkAudit() error {
	if s.Audit.File == "" && s.Audit.KeyFile != "" {
		return &Conflict{"audit.key-file", "has no use without a trail, audit.file (--audit)"}
	}
	return nil
}

// checkRecords refuses records and their secrets in a folder that is served, where clients
// could read them, or change what they have done.
func (l *Loaded) checkRecords(served []string) error {
	records := []struct{ key, file string }{
		{"audit.file", l.Audit.File}, {"audit.key-file", l.Audit.KeyFile}, {"xferlog.file", l.Xferlog.File},
	}
	for _, h := range l.Hooks {
		records = append(records, struct{ key, file string }{"hooks", h.SecretFile})
	}
	var errs []error
	for _, r := range records {
		for _, dir := range served {
			if r.file != "" && dir != "" && within(r.file, dir) {
				errs = append(errs, l.Locate(&Conflict{r.key, fmt.Sprintf("names %s, which lies in a folder that is served, %s: clients could read or change it", r.file, dir)}))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// AuditFailure says what becomes of those who want to log in while the audit trail cannot be
// written.
type AuditFailure string

// What becomes of them. The zero value is AuditContinue.
const (
	AuditContinue AuditFailure = "continue" // they are let in; what is lost is counted
	AuditRefuse   AuditFailure = "refuse"   // they are not
)

// Set takes a word.
func (a *AuditFailure) Set(s string) error { return setWord(a, s) }

// Words are what Set takes.
func (a *AuditFailure) Words() []string { return []string{string(AuditContinue), string(AuditRefuse)} }

func (a *AuditFailure) String() string { return string(*a) }

// Type names the value in a usage text.
func (a *AuditFailure) Type() string { return "continue|refuse" }
