//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values         []float64
		median, spread float64
	}{
		{[]float64{3}, 3, 0},
		{[]float64{4, 1}, 2.5, 1.2},
		{[]float64{9, 1, 2}, 2, 4},
		{[]float64{4, 1, 3, 2}, 2.5, 1.2},
	} {
		var s series
		for _, v := range c.values {
			s = append(s, sample{elapsed: v})
		}
		if m, d := s.median(elapsed), s.spread(elapsed); m != c.median || d != c.spread {
			t.Errorf("%v: got %v, spread %v; want %v, %v", c.values, m, d, c.median, c.spread)
		}
		if m := s.median(cpu); !math.IsNaN(m) {
			t.Errorf("%v: got %v for what was not measured", c.values, m)
		}
	}
}

func TestJudge(t *testing.T) {
	r := result{samples: map[string]series{
		"dray": {{elapsed: 2, memory: 4096}}, "slow": {{elapsed: 8}}, "fast": {{elapsed: 4}},
	}}
	for _, c := range []struct {
		target target
		value  float64
		peer   string
		says   string
	}{
		{target{elapsed, []string{"slow", "fast"}, 1, 0.5}, 0.5, "fast", "beyond"},
		{target{elapsed, []string{"slow", "fast"}, 0.5, 0.4}, 0.5, "fast", "met"},
		{target{elapsed, []string{"fast", "slow"}, 0.4, 0.2}, 0.5, "fast", "MISSED"},
		{target{elapsed, []string{"slow", "absent"}, 1, 0}, 0.25, "slow", "met"},
		{target{elapsed, []string{"absent"}, 1, 0}, math.NaN(), "", "not measured"},
		{target{of: memory, must: 4096}, 4096, "", "met"},
		{target{of: memory, must: 4095}, 4096, "", "MISSED"},
		{target{of: cpu, must: 1}, math.NaN(), "", "not measured"},
	} {
		v := r.judge(c.target)
		same := v.value == c.value || math.IsNaN(v.value) && math.IsNaN(c.value)
		if !same || v.peer != c.peer || v.says(c.target) != c.says {
			t.Errorf("%+v: got %+v, %s; want %v by %q, %s", c.target, v, v.says(c.target), c.value, c.peer, c.says)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "42 (in) (a (name) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3000 400 20 0 1 0 5 6 7"
	s, err := parseStat([]byte(line))
	if want := (stat{parent: 7, ticks: 3520}); err != nil || s != want {
		t.Errorf("got %+v, %v; want %+v", s, err, want)
	}
	for _, wrong := range []string{"", "42 (name) S 7", strings.Replace(line, "3000", "x", 1)} {
		if s, err := parseStat([]byte(wrong)); err == nil {
			t.Errorf("%q: got %+v", wrong, s)
		}
	}
}

// TestRun measures dray alone, with hardly any work, in the rows that need no other
// program.
func TestRun(t *testing.T) {
	o := options{
		scale: scale{rounds: 2, stream: 1 << 20, files: 3, entries: 50, logins: 3, idle: 5, tftp: 1 << 20, many: 1 << 16, crowd: 5},
		only:  regexp.MustCompile(`4 KiB|LIST|MLSD|^FTP|^TFTP [^(]*$`), peers: regexp.MustCompile("^$"),
		dir: t.TempDir(), json: true, status: t.Output(),
	}
	thread, ended := make(mainThread), make(chan error, 1)
	var out bytes.Buffer
	go func() { ended <- compare(t.Context(), o, thread, &out) }()
	if err := thread.serve(ended); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			Work    string
			Asked   []struct{ Of metric }
			Samples map[string]series
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) < 10 {
		t.Errorf("only %d rows", len(got.Rows))
	}
	for _, r := range got.Rows {
		for _, a := range r.Asked {
			if m := r.Samples["dray"].median(a.Of); !(m > 0) {
				t.Errorf("%s: %s is %v", r.Work, a.Of, m)
			}
		}
	}
	if left, err := os.ReadDir(o.dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
