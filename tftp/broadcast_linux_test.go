package tftp

import (
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBroadcastsOverSockets is R8: a request to a broadcast of the loopback network gets no
// answer, one to 255.255.255.255 gets one from a unicast address if the server is told to.
func TestBroadcastsOverSockets(t *testing.T) {
	for _, c := range []struct {
		why      string
		told     bool
		asked    net.IP
		answered bool
	}{
		{"directed", false, net.IPv4(127, 255, 255, 255), false},
		{"directed, and told", true, net.IPv4(127, 255, 255, 255), false},
		{"limited", false, net.IPv4bcast, false},
		{"limited, and told", true, net.IPv4bcast, true},
		{"unicast", false, net.IPv4(127, 0, 0, 1), true},
	} {
		t.Run(c.why, func(t *testing.T) {
			modes(t, func(t *testing.T, s *Server) {
				s.Broadcast = c.told
				s.Handler = &memory{files: map[string][]byte{"f": content(3), "g": content(4)}}
				conn, err := net.ListenUDP("udp4", nil)
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- s.Serve(conn) }()
				defer func() {
					s.Close()
					<-ended
				}()
				peer := raw(t)
				if err := control(peer, toLoopback); err != nil {
					t.Skip(err)
				}
				port := conn.LocalAddr().(*net.UDPAddr).Port
				if _, err := peer.WriteToUDP(RRQ{Name: "f"}.Append(nil), &net.UDPAddr{IP: c.asked, Port: port}); err != nil {
					t.Fatal(err)
				}
				want := 3
				if !c.answered { // then the next request is the first that is answered
					want = 4
					if _, err := peer.WriteToUDP(RRQ{Name: "g"}.Append(nil), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
						t.Fatal(err)
					}
				}
				if err := peer.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				p, from := await1(t, peer)
				if d, ok := p.(Data); !ok || len(d.Payload) != want || !from.Addr().IsLoopback() {
					t.Errorf("%v from %v", p, from)
				}
			})
		})
	}
}

// toLoopback keeps what a socket sends on this machine.
func toLoopback(fd int) error {
	return unix.SetsockoptString(fd, syscall.SOL_SOCKET, unix.SO_BINDTODEVICE, "lo")
}
