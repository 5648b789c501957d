// Package sshclient connects to SSH servers as the user of OpenSSH expects it: by the
// names, ports, identities and jump hosts of ~/.ssh/config, the agent, and known_hosts,
// hashed entries included. It knows no shell and no forwarding but that of a jump.
//
// It never goes on with a host whose key is not known unless somebody says so, and never
// with one whose key has changed. It never waits for an answer where there is nobody to
// give it. It runs no programs: Match exec and ProxyCommand in ssh_config are refused.
package sshclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// The reasons for which there is no connection.
var (
	ErrConnect        = errors.New("cannot connect")
	ErrHandshake      = errors.New("SSH failed")
	ErrAlgorithms     = errors.New("no algorithm in common")
	ErrHostKeyUnknown = errors.New("the server's key is not known")
	ErrHostKeyChanged = errors.New("the server's key has CHANGED: it is another server, or somebody in between")
	ErrPin            = errors.New("the server's key is not the one that was named")
	ErrLogin          = errors.New("log-in refused")
	ErrConfig         = errors.New("cannot use the SSH configuration")
)

// Dialer connects. Its zero value knows nobody's key, has none, and asks nobody.
type Dialer struct {
	Config     string   // file, as ~/.ssh/config; "" is none
	KnownHosts []string // files; those that are not there are left out, and the first is written
	Identities []string // files of private keys, tried where Config names none for the host
	Agent      string   // socket of the agent; "" is none
	HostKey    string   // accept this key of the target only, written SHA256:BASE64; "" asks KnownHosts
	Jump       string   // [USER@]HOST[:PORT], several with commas between; "" is what Config says
	User       string   // who logs in where neither the target nor Config says
	Legacy     bool     // also algorithms of the years before 2018, for devices

	// Ask shows a question and returns the answer, hidden while it is typed if it is
	// secret. Nil: nobody is there to be asked.
	Ask func(question string, secret bool) (string, error)

	// Password is what the password is, if it is known; "" asks.
	Password string
}

// Target is a server. Port 0, and User "", are what the configuration says.
type Target struct {
	User string
	Host string // name, alias in the configuration, or address
	Port int
}

// handshake is how long a server may take for the key exchange, besides what people take.
const handshake = 30 * time.Second

// maxJumps ends chains of jumps that lead in a circle.
const maxJumps = 8

// Client is a connection, with those that it goes through.
type Client struct {
	*ssh.Client
	through []*ssh.Client
}

// Close ends the connection, and those that it goes through.
func (c *Client) Close() error {
	err := c.Client.Close()
	for _, j := range slices.Backward(c.through) {
		err = errors.Join(err, j.Close())
	}
	return err
}

// Dial connects and logs in. The end of ctx ends the connection, also later.
func (d *Dialer) Dial(ctx context.Context, t Target) (*Client, error) {
	set, err := d.settings()
	if err != nil {
		return nil, err
	}
	c := new(Client)
	hop, err := d.hop(set, t)
	if err != nil {
		return nil, err
	}
	jumps, err := d.jumps(set, hop)
	if err != nil {
		return nil, err
	}
	for _, j := range jumps {
		next, err := d.connect(ctx, set, j, c.Client)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("jump host %s: %w", j.alias, err), c.closeAll())
		}
		c.through, c.Client = append(c.through, next), next
	}
	hop.target = true
	last, err := d.connect(ctx, set, hop, c.Client)
	if err != nil {
		return nil, errors.Join(err, c.closeAll())
	}
	c.Client = last
	context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

func (c *Client) closeAll() error {
	if c.Client == nil {
		return nil
	}
	return c.Close()
}

// hop is one server on the way.
type hop struct {
	alias  string // as it was typed
	user   string
	addr   string // host:port
	target bool   // the last
}

// connect dials a server, through another one if there is one, and logs in.
func (d *Dialer) connect(ctx context.Context, set *settings, h hop, via *ssh.Client) (*ssh.Client, error) {
	conn, err := dial(ctx, h.addr, via)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	hosts, err := d.hosts(h)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	proofs := d.proofs(set, h)
	defer proofs.close()
	cfg := &ssh.ClientConfig{
		User: h.user, Auth: proofs.methods(), HostKeyCallback: hosts.check,
		HostKeyAlgorithms: hosts.algorithms(d.Legacy), ClientVersion: "SSH-2.0-dray",
	}
	algorithms(&cfg.Config, d.Legacy)
	quiet := time.AfterFunc(handshake, func() { conn.Close() })
	hosts.asking = quiet
	proofs.asking = quiet
	defer quiet.Stop()
	sc, channels, requests, err := ssh.NewClientConn(conn, h.addr, cfg)
	if err != nil {
		conn.Close()
		return nil, explain(ctx, err, hosts, h)
	}
	return ssh.NewClient(sc, channels, requests), nil
}

func dial(ctx context.Context, addr string, via *ssh.Client) (net.Conn, error) {
	if via != nil {
		return via.DialContext(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// explain names the reason of a handshake that has failed.
func explain(ctx context.Context, err error, hosts *hosts, h hop) error {
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case hosts.refused != nil:
		return hosts.refused
	case errors.As(err, &negotiation):
		return fmt.Errorf("%w: the server offers %s: %s", ErrAlgorithms, negotiation.What, strings.Join(negotiation.RequestedAlgorithms, ", "))
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("%w for %q", ErrLogin, h.user)
	}
	return fmt.Errorf("%w: %w", ErrHandshake, err)
}

// algorithms puts AES-GCM in front, which processors are made for.
func algorithms(c *ssh.Config, legacy bool) {
	a := ssh.SupportedAlgorithms()
	c.KeyExchanges, c.Ciphers, c.MACs = a.KeyExchanges, a.Ciphers, a.MACs
	if legacy {
		old := ssh.InsecureAlgorithms()
		c.KeyExchanges = append(c.KeyExchanges, old.KeyExchanges...)
		c.Ciphers = append(c.Ciphers, ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC)
		c.MACs = append(c.MACs, old.MACs...)
	}
}
