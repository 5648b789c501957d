package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dray/internal/device/iossim/place"
)

// ping asks a host five times whether it is there.
func ping(s *session, a args, _ io.Writer) error {
	const times, patience = 5, 2 * time.Second
	host := a["host"]
	p, ok := s.d.set.Transfers.(place.Pinger)
	if !ok {
		s.Print("% Unrecognized host or address, or protocol not running.\n")
		return nil
	}
	s.Printf("Type escape sequence to abort.\nSending %d, 100-byte ICMP Echos to %s, timeout is %d seconds:\n", times, host, int(patience/time.Second))
	answered, unknown := 0, false
	var least, most, all time.Duration
	err := s.During(func(ctx context.Context, show func(string)) error {
		for range times {
			ctx, cancel := context.WithTimeout(ctx, patience)
			begun := time.Now()
			err := p.Ping(ctx, host)
			cancel()
			took := max(time.Since(begun), time.Millisecond)
			switch {
			case errors.Is(err, place.ErrHost):
				unknown = true
				return nil
			case err != nil:
				show(".")
				continue
			}
			if least == 0 || took < least {
				least = took
			}
			answered, most, all = answered+1, max(most, took), all+took
			show("!")
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case unknown:
		s.Print("% Unrecognized host or address, or protocol not running.\n")
		return nil
	}
	trip := ""
	if answered > 0 {
		trip = fmt.Sprintf(", round-trip min/avg/max = %d/%d/%d ms", least.Milliseconds(), (all / time.Duration(answered)).Milliseconds(), most.Milliseconds())
	}
	s.Printf("\nSuccess rate is %d percent (%d/%d)%s\n", 100*answered/times, answered, times, trip)
	return nil
}
