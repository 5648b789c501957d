//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// row is one kind of work, and what is asked of dray in it.
type row struct {
	name    string
	unit    string // what one unit of work is
	octets  int64  // of a unit, for its rate; 0: it has none
	rounds  int    // 0: as the command line says
	servers []server
	run     func(ctx context.Context, b *bench, s server) (sample, error)
	limit   func(ctx context.Context, b *bench) (sample, error) // of the machine, if it can be told
	targets []target
}

// target bounds the ratio of dray's median to the best one of the peers, or the median
// itself if there are none.
type target struct {
	of     metric
	peers  []string
	must   float64
	beyond float64 // 0: there is nothing beyond
}

// machine is the name of what does the work of a row without being a server.
const machine = "(bare loop)"

// result is a row with its samples, by the name of the server.
type result struct {
	row
	order   []string // of the names
	samples map[string]series
	skipped []string // why others are missing
}

// measure runs every row that was asked for.
func (b *bench) measure(rows []row) ([]result, error) {
	var all []result
	for _, r := range rows {
		if !b.options.only.MatchString(r.name) {
			continue
		}
		begun := time.Now()
		fmt.Fprintf(b.options.status, "%-42s ", r.name)
		one, err := b.row(r)
		if err != nil {
			fmt.Fprintln(b.options.status)
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		fmt.Fprintf(b.options.status, "%5.1f s\n", time.Since(begun).Seconds())
		all = append(all, one)
	}
	return all, nil
}

// row runs one row in rounds. In each round every server has its turn, so that what else
// the machine does strikes them alike; the first one changes from round to round.
func (b *bench) row(r row) (result, error) {
	out := result{row: r, samples: make(map[string]series)}
	servers, err := b.present(&out)
	if err != nil {
		return out, err
	}
	rounds := r.rounds
	if rounds == 0 {
		rounds = b.options.scale.rounds
	}
	for i := range rounds {
		for j := range servers {
			s := servers[(i+j)%len(servers)]
			one, err := r.run(b.ctx, b, s)
			if err != nil {
				return out, fmt.Errorf("%s: %w", s.name, errors.Join(err, b.complaint(s)))
			}
			out.samples[s.name] = append(out.samples[s.name], one)
		}
		if r.limit != nil {
			one, err := r.limit(b.ctx, b)
			if err != nil {
				return out, fmt.Errorf("%s: %w", machine, err)
			}
			out.samples[machine] = append(out.samples[machine], one)
		}
	}
	return out, nil
}

// present returns the servers of a row that are here and were asked for.
func (b *bench) present(out *result) ([]server, error) {
	var servers []server
	for _, s := range out.servers {
		if s.name != dray().name && !b.options.peers.MatchString(s.name) {
			continue
		}
		switch err := b.start(s); {
		case errors.Is(err, errCannot):
			out.skipped = append(out.skipped, err.Error())
			continue
		case err != nil:
			return nil, fmt.Errorf("%s: %w", s.name, errors.Join(err, b.complaint(s)))
		}
		servers = append(servers, s)
		out.order = append(out.order, s.name)
	}
	if out.limit != nil {
		out.order = append(out.order, machine)
	}
	return servers, nil
}

// verdict is how dray did.
type verdict struct {
	value float64 // the ratio, or the figure; NaN if it was not measured
	peer  string  // the best one; "" if there is none
}

func (v verdict) says(t target) string {
	switch {
	case math.IsNaN(v.value):
		return "not measured"
	case v.value > t.must:
		return "MISSED"
	case t.beyond > 0 && v.value <= t.beyond:
		return "beyond"
	}
	return "met"
}

// judge compares dray with the best of its peers.
func (r result) judge(t target) verdict {
	own := r.samples[dray().name].median(t.of)
	if t.peers == nil {
		return verdict{value: own}
	}
	worst := verdict{value: math.NaN()}
	for _, peer := range t.peers {
		v := own / r.samples[peer].median(t.of)
		if !math.IsNaN(v) && (worst.peer == "" || v > worst.value) {
			worst = verdict{v, peer}
		}
	}
	return worst
}
