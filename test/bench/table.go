//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// printTable prints what is asked for first, as ratios, and then the medians.
func printTable(w io.Writer, about string, results []result) error {
	fmt.Fprintf(w, "%s\n\n", about)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "work\tof dray\tmedian\tbest peer\tratio\tmust\tbeyond\t")
	for _, r := range results {
		for _, a := range r.targets {
			v := r.judge(a)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", r.name, a.of,
				figure(a.of, r.samples[dray().name].median(a.of)), orDash(v.peer), bounds(a, v), v.says(a))
		}
	}
	fmt.Fprintln(t, "\nmedians\tserver\ttime\tspread\tserver CPU\tspread\trate\tmemory\t")
	for _, r := range results {
		for _, name := range r.order {
			s := r.samples[name]
			fmt.Fprintf(t, "%s, a %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.name, r.unit, name,
				figure(elapsed, s.median(elapsed)), percent(s.spread(elapsed)),
				figure(cpu, s.median(cpu)), percent(s.spread(cpu)),
				rate(r.octets, s.median(elapsed)), figure(memory, s.median(memory)))
		}
		for _, why := range r.skipped {
			fmt.Fprintf(t, "%s\t%s\n", r.name, why)
		}
	}
	return t.Flush()
}

// bounds are the columns of a ratio and what it should be. A target without peers bounds
// the median itself.
func bounds(t target, v verdict) string {
	if t.peers == nil {
		return fmt.Sprintf("\t≤ %s\t%s", t.of.format(t.must), figure(t.of, t.beyond))
	}
	return fmt.Sprintf("%s\t≤ %.2f\t%s", ratio(v.value), t.must, ratio(t.beyond))
}

func ratio(v float64) string {
	if math.IsNaN(v) || v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

func figure(m metric, v float64) string {
	if math.IsNaN(v) || v == 0 {
		return "-"
	}
	return m.format(v)
}

func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("±%.0f %%", 50*v)
}

func rate(octets int64, seconds float64) string {
	if octets == 0 || math.IsNaN(seconds) {
		return "-"
	}
	return fmt.Sprintf("%.0f MiB/s", float64(octets)/seconds/(1<<20))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printJSON prints every sample, in seconds and octets, and the verdicts.
func printJSON(w io.Writer, about string, results []result) error {
	type asked struct {
		Of      metric   `json:"of"`
		Best    string   `json:"best_peer,omitempty"`
		Ratio   *float64 `json:"value"` // to the best peer, or of dray itself without one; null: not measured
		Must    float64  `json:"must"`
		Beyond  float64  `json:"beyond,omitempty"`
		Verdict string   `json:"verdict"`
	}
	type row struct {
		Work    string            `json:"work"`
		Unit    string            `json:"unit"`
		Octets  int64             `json:"octets_a_unit,omitempty"`
		Asked   []asked           `json:"asked"`
		Samples map[string]series `json:"samples"`
		Skipped []string          `json:"skipped,omitempty"`
	}
	rows := make([]row, 0, len(results))
	for _, r := range results {
		one := row{Work: r.name, Unit: r.unit, Octets: r.octets, Samples: r.samples, Skipped: r.skipped}
		for _, t := range r.targets {
			v := r.judge(t)
			a := asked{Of: t.of, Best: v.peer, Must: t.must, Beyond: t.beyond, Verdict: v.says(t)}
			if !math.IsNaN(v.value) {
				a.Ratio = &v.value
			}
			one.Asked = append(one.Asked, a)
		}
		rows = append(rows, one)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"machine": about, "rows": rows})
}
