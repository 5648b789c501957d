//go:build linux

package main

import (
	"fmt"
	"io"
)

// perAddress is how many sessions come from one address: servers bound that.
const perAddress = 200

// growth opens n sessions and one more, which keep still, and looks at how the memory of a
// new server grows. The first session does not count: it brings in what all of them share.
func (b *bench) growth(s server, n int, open func(i *instance, from string) (io.Closer, error)) (sample, error) {
	if err := b.restart(s); err != nil {
		return nil, err
	}
	i := b.running[s.name]
	var before float64
	for k := range n + 1 {
		c, err := open(i, fmt.Sprintf("127.0.1.%d", 1+k/perAddress))
		if err != nil {
			return nil, fmt.Errorf("session %d: %w", k, err)
		}
		defer c.Close()
		if k > 0 {
			continue
		}
		if before, err = i.pss(); err != nil {
			return nil, err
		}
	}
	after, err := i.pss()
	return sample{memory: (after - before) / float64(n)}, err
}
