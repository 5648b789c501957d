package sshclient

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// proofs is what one log-in offers, in this order: the keys of the agent, those in files,
// the password.
type proofs struct {
	d      *Dialer
	h      hop
	files  []string
	only   bool     // no key of the agent that is in none of the files
	agent  net.Conn // nil if there is none
	asking *time.Timer

	tried bool // the password that is known beforehand
}

func (d *Dialer) proofs(s *settings, h hop) *proofs {
	p := &proofs{d: d, h: h, files: s.identities(h), only: strings.EqualFold(s.get(h.alias, "IdentitiesOnly"), "yes")}
	if len(p.files) == 0 {
		p.files = d.Identities
	}
	socket := d.Agent
	if said := s.get(h.alias, "IdentityAgent"); said != "" {
		socket = s.expand(said, h)
	}
	if socket == "" || strings.EqualFold(socket, "none") {
		return p
	}
	if conn, err := net.Dial("unix", socket); err == nil { // an agent that has gone is none
		p.agent = conn
	}
	return p
}

func (p *proofs) close() {
	if p.agent != nil {
		p.agent.Close()
	}
}

func (p *proofs) methods() []ssh.AuthMethod {
	all := []ssh.AuthMethod{ssh.PublicKeysCallback(p.signers)}
	tries := 3
	if p.d.Ask == nil {
		tries = 1
	}
	if p.d.Ask != nil || p.d.Password != "" && p.h.target {
		all = append(all,
			ssh.RetryableAuthMethod(ssh.PasswordCallback(p.password), tries),
			ssh.RetryableAuthMethod(ssh.KeyboardInteractive(p.dialogue), tries))
	}
	return all
}

// signers returns the keys. One in a file with a passphrase asks for it, if the agent has
// not got the same.
func (p *proofs) signers() ([]ssh.Signer, error) {
	var all []ssh.Signer
	have := map[string]bool{}
	add := func(s ssh.Signer) {
		if id := string(s.PublicKey().Marshal()); !have[id] {
			have[id] = true
			all = append(all, s)
		}
	}
	wanted := map[string]bool{}
	for _, file := range p.files {
		if key, err := readPublic(file + ".pub"); err == nil {
			wanted[string(key.Marshal())] = true
		}
	}
	if p.agent != nil {
		held, err := agent.NewClient(p.agent).Signers()
		if err == nil {
			for _, s := range held {
				if !p.only || wanted[string(s.PublicKey().Marshal())] {
					add(s)
				}
			}
		}
	}
	for _, file := range p.files {
		if key, err := readPublic(file + ".pub"); err == nil && have[string(key.Marshal())] {
			continue
		}
		s, err := p.read(file)
		if err != nil {
			continue // as OpenSSH does with a key that it cannot use
		}
		if cert, err := certified(s, file+"-cert.pub"); err == nil {
			add(cert)
		}
		add(s)
	}
	return all, nil
}

// read reads a private key, and asks for its passphrase if it has one.
func (p *proofs) read(file string) (ssh.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if !errors.As(err, &locked) || p.d.Ask == nil {
		return s, err
	}
	phrase, err := p.ask(fmt.Sprintf("Passphrase for %s: ", file), true)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKeyWithPassphrase(text, []byte(phrase))
}

func readPublic(file string) (ssh.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	return key, err
}

// certified returns a key with the certificate that a file has for it.
func certified(s ssh.Signer, file string) (ssh.Signer, error) {
	key, err := readPublic(file)
	if err != nil {
		return nil, err
	}
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		return nil, errors.New("no certificate")
	}
	return ssh.NewCertSigner(cert, s)
}

// ask lets somebody take their time.
func (p *proofs) ask(question string, secret bool) (string, error) {
	if p.d.Ask == nil {
		return "", errNobody
	}
	p.asking.Stop()
	defer p.asking.Reset(handshake)
	return p.d.Ask(question, secret)
}

var errNobody = errors.New("nobody is there to be asked")

// password returns the one that is known, once, and asks after that.
func (p *proofs) password() (string, error) {
	if p.d.Password != "" && !p.tried && p.h.target {
		p.tried = true
		return p.d.Password, nil
	}
	return p.ask(fmt.Sprintf("Password for %s@%s: ", p.h.user, p.h.alias), true)
}

// dialogue answers the questions of the server. The known password is for the one
// question that hides what is typed.
func (p *proofs) dialogue(name, instruction string, questions []string, echo []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, q := range questions {
		if len(questions) == 1 && !echo[i] && p.d.Password != "" && !p.tried && p.h.target {
			p.tried = true
			answers[i] = p.d.Password
			continue
		}
		if p.d.Ask == nil {
			continue // an empty answer, which will be refused
		}
		var err error
		if answers[i], err = p.ask(printable(strings.TrimSpace(strings.Join([]string{name, instruction, q}, " ")))+" ", !echo[i]); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// printable keeps what a server says from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
