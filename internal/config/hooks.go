package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Hook is a web server or a program that is told of events.
type Hook struct {
	Name       string
	On         []string // words of HookTriggers
	URL        string
	SecretFile string // of the signature
	SecretEnv  string // the variable that holds it, in place of a file
	CAFile     string // whose certificates the server may have; "" is those of the host
	Program    []string
	Timeout    time.Duration // of one attempt; 0 is 10 seconds
	AtOnce     int           // 0 is 1
}

// HookTriggers are what a hook can be told of.
func HookTriggers() []string {
	return []string{"upload", "download", "failed", "login", "refusal", "delete", "rename", "mkdir", "begin", "end", "fault"}
}

func hooksSettings(s *Serve) []Setting {
	return []Setting{
		{Key: "hooks", Members: membersOf(&s.Hooks, hookSettings), Unset: "none",
			Usage: "web servers and programs that are told of events; see docs/hooks.md"},
	}
}

func hookSettings(h *Hook) []Setting {
	return []Setting{
		{Key: "name", Value: (*Text)(&h.Name), Usage: "what the log calls it"},
		{Key: "on", Value: (*triggers)(&h.On), Required: true, Usage: "what it is told of"},
		{Key: "url", Value: (*hookURL)(&h.URL), Usage: "the web server that is told by POST, or"},
		{Key: "program", Value: (*Texts)(&h.Program), Usage: "the program that is told: its file and its arguments, without a shell"},
		{Key: "secret-file", Value: (*File)(&h.SecretFile), Usage: "the file with the secret that signs requests, or"},
		{Key: "secret-env", Value: (*Text)(&h.SecretEnv), Usage: "the variable that holds it; its name does not begin with DRAY_"},
		{Key: "ca-file", Value: (*File)(&h.CAFile), Unset: "those of the machine", Usage: "authorities of the web server's certificate, PEM"},
		{Key: "timeout", Value: (*Duration)(&h.Timeout), Default: "10s", Usage: "how long an attempt may take"},
		{Key: "at-once", Value: Count{&h.AtOnce, 1, 64}, Default: "1", Usage: "how many events may be on their way; with one they keep their order"},
	}
}

// Label is what the log calls the hook, the nth.
func (h *Hook) Label(n int) string {
	if h.Name != "" {
		return h.Name
	}
	return fmt.Sprintf("hooks[%d]", n)
}

func (s *Serve) checkHooks() error {
	names := map[string]bool{}
	for i, h := range s.Hooks {
		label, wrong := h.Label(i+1), ""
		switch {
		case names[label]:
			wrong = "is there twice"
		case (h.URL == "") == (len(h.Program) == 0):
			wrong = "wants one of url and program"
		case h.URL == "" && (h.SecretFile != "" || h.SecretEnv != "" || h.CAFile != ""):
			wrong = "has a secret or ca-file, which go with url"
		case h.SecretFile != "" && h.SecretEnv != "":
			wrong = "wants one of secret-file and secret-env"
		case strings.HasPrefix(h.SecretEnv, "DRAY_"):
			wrong = "has a secret-env that looks like a setting: call it otherwise"
		}
		if wrong != "" {
			return &Conflict{"hooks", fmt.Sprintf("[%d]: %s %s", i+1, label, wrong)}
		}
		names[label] = true
	}
	return nil
}

// Secret is what signs the requests of a hook, nil if there is none.
func (h *Hook) Secret() ([]byte, error) {
	switch {
	case h.SecretEnv != "":
		if s := os.Getenv(h.SecretEnv); s != "" {
			return []byte(s), nil
		}
		return nil, fmt.Errorf("the variable %s is not set, which is to hold the secret", h.SecretEnv)
	case h.SecretFile != "":
		s, err := secret(h.SecretFile, "secret-file")
		if err == nil && len(s) == 0 {
			err = fmt.Errorf("%s is empty, and is to hold the secret", h.SecretFile)
		}
		return s, err
	}
	return nil, nil
}

// Roots are the authorities of the web server, nil for those of the host.
func (h *Hook) Roots() (*x509.CertPool, error) {
	if h.CAFile == "" {
		return nil, nil
	}
	pem, err := text(h.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, fmt.Errorf("%s has no certificate, PEM", h.CAFile)
	}
	return pool, nil
}

// triggers are words of HookTriggers.
type triggers []string

// Set adds one.
func (t *triggers) Set(s string) error {
	if !slices.Contains(HookTriggers(), s) {
		return errors.New("want " + oneOf(HookTriggers()))
	}
	if !slices.Contains(*t, s) {
		*t = append(*t, s)
	}
	return nil
}

func (t *triggers) String() string  { return strings.Join(*t, " ") }
func (t *triggers) clear()          { *t = nil }
func (t *triggers) items() []string { return *t }

// Words are what Set takes.
func (t *triggers) Words() []string { return HookTriggers() }

// Type names the value in a usage text.
func (t *triggers) Type() string { return "WORD" }

// hookURL is a URL of the web, without a password.
type hookURL string

// Set takes https://HOST/PATH.
func (h *hookURL) Set(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("want a URL such as https://example.com/dray")
	}
	if u.User != nil {
		return errors.New("want a URL without a user and a password: secret-file signs requests instead")
	}
	*h = hookURL(strings.Clone(s))
	return nil
}

func (h *hookURL) String() string { return string(*h) }

// Type names the value in a usage text.
func (h *hookURL) Type() string { return "URL" }
