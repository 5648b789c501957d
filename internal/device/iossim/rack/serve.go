package rack

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/device/iossim"
	"dray/internal/telnet"
)

// Before somebody has logged in he has so long.
const grace = 60 * time.Second

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// stuck ends writes to somebody who does not read.
type stuck struct{ net.Conn }

func (s stuck) Write(b []byte) (int, error) {
	_ = s.SetWriteDeadline(time.Now().Add(grace)) // fails on a closed connection, as the write does
	return s.Conn.Write(b)
}

func (s *slot) serveTelnet(ctx context.Context, conn net.Conn) {
	c, err := telnet.Server(stuck{conn})
	if err != nil {
		return
	}
	_ = s.device.Serve(ctx, c, iossim.Access{Remote: addrPort(conn.RemoteAddr()), Local: addrPort(conn.LocalAddr())}) // all lines are in use
}

var errDenied = errors.New("rack: no such user or password")

// serverConfig is how a device speaks SSH: by password, asked in either way.
func (s *slot) serverConfig() *ssh.ServerConfig {
	check := func(user, password string) (*ssh.Permissions, error) {
		level, ok := s.device.Authenticate(user, password)
		if !ok {
			return nil, errDenied
		}
		return &ssh.Permissions{Extensions: map[string]string{"level": strconv.Itoa(level)}}, nil
	}
	c := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-Cisco-1.25",
		MaxAuthTries:  3,
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return check(c.User(), string(password))
		},
		KeyboardInteractiveCallback: func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errDenied
			}
			return check(c.User(), answers[0])
		},
	}
	if s.endpoint.Device.OldSSH {
		c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDH1SHA1}
		c.Ciphers = []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}
		c.MACs = []string{ssh.HMACSHA1}
	}
	return c
}

func (s *slot) serveSSH(ctx context.Context, conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(grace)) // a connection that takes none is closed soon anyway
	c, channels, requests, err := ssh.NewServerConn(stuck{conn}, s.config)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer c.Close()
	wg.Go(func() { ssh.DiscardRequests(requests) })
	busy := false
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "sessions only") // the client learns of it by its end
			continue
		}
		if busy { // a device has one session a connection
			_ = n.Reject(ssh.ResourceShortage, "one session a connection")
			continue
		}
		busy = true
		channel, requests, err := n.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer c.Close()
			s.session(ctx, c, channel, requests)
		})
	}
}

// session waits for what is to run in a channel: a shell, or one command.
func (s *slot) session(ctx context.Context, c *ssh.ServerConn, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	level, _ := strconv.Atoi(c.Permissions.Extensions["level"])
	a := iossim.Access{SSH: true, User: c.User(), Level: level, Remote: addrPort(c.RemoteAddr()), Local: addrPort(c.LocalAddr())}
	for r := range requests {
		switch r.Type {
		case "pty-req", "window-change", "env":
			_ = r.Reply(r.Type != "env", nil) // a client that has gone is noticed by the loop
		case "exec":
			var cmd struct{ Line string }
			if ssh.Unmarshal(r.Payload, &cmd) != nil {
				_ = r.Reply(false, nil)
				continue
			}
			a.Command = cmd.Line
			s.run(ctx, channel, r, requests, a)
			return
		case "shell":
			s.run(ctx, channel, r, requests, a)
			return
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func (s *slot) run(ctx context.Context, channel ssh.Channel, r *ssh.Request, requests <-chan *ssh.Request, a iossim.Access) {
	_ = r.Reply(true, nil)
	var wg sync.WaitGroup
	wg.Go(func() { ssh.DiscardRequests(requests) })
	_ = s.device.Serve(ctx, hanger{channel}, a) // all lines are in use
	wg.Wait()
}

// hanger says good-bye before it closes a channel.
type hanger struct{ ssh.Channel }

func (h hanger) Close() error {
	_, _ = h.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{})) // nobody may be there
	return h.Channel.Close()
}

var _ io.ReadWriteCloser = hanger{}
