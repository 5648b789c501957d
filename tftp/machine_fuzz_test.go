package tftp

import (
	"testing"
	"time"
)

// FuzzMachines plays whatever a peer may send to both machines, at whatever time. They
// keep within their windows, and they come to an end when nothing comes any more.
func FuzzMachines(f *testing.F) {
	f.Add(uint8(1), []byte{0, 4, 0, 0, 10, 0, 3, 0, 1, 200})
	f.Add(uint8(64), []byte{0, 4, 0, 9, 255, 0, 3, 255, 255, 1, 0, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, window uint8, script []byte) {
		now := time.Unix(0, 0)
		o := Options{BlockSize: 8, WindowSize: int(window)}
		s, r := newSender(0, now), newReceiver(0, now)
		s.negotiate(o)
		r.negotiate(o)
		step := func(packet []byte, passes time.Duration) {
			now = now.Add(passes)
			s.tick(now)
			r.tick(now)
			s.recv(packet, now)
			r.recv(packet, now)
			for first, n := s.poll(now); n > 0; first, n = s.poll(now) {
				if first < s.una || first+n > s.una+s.window || n < 0 {
					t.Fatalf("blocks %d to %d, window %d of %d", first, first+n, s.una, s.window)
				}
			}
			want := r.want
			for payload, last, ok := r.take(now); ok; payload, last, ok = r.take(now) {
				if want++; len(payload) > 8 || r.want != want {
					t.Fatalf("block %d of %d octets, want %d", r.want, len(payload), want)
				}
				if last {
					r.feed(now)
				}
			}
			if len(r.kept)*8 > maxKept {
				t.Fatalf("%d blocks are kept", len(r.kept))
			}
			if n, ok := r.poll(now); ok && n != r.want-1 {
				t.Fatalf("ACK %d, want %d", n, r.want-1)
			}
		}
		for len(script) >= 5 && !s.ended() {
			size := min(4+int(script[4])%16, len(script))
			step(script[:size], time.Duration(script[4])*time.Millisecond)
			script = script[size:]
		}
		for range 100 {
			step(nil, 8*time.Second)
		}
		if !s.ended() || !r.ended() {
			t.Fatalf("after 800 s of silence: sender %+v, receiver %+v", s, r)
		}
	})
}
