// Package linediff compares two texts line by line, and writes the difference as people
// know it from diff -u.
package linediff

import (
	"fmt"
	"slices"
	"strings"
)

// context is how many lines stand around a change.
const context = 3

// most is how many lines may differ before the rest counts as replaced as a whole: nobody
// reads a longer difference, and its search takes time by the square.
const most = 1000

// Diff is what has become of a text.
type Diff struct {
	Added, Removed int
	Text           string // hunks; "" if nothing has changed
}

// step is a line, and whether it is kept (' '), gone ('-') or new ('+').
type step struct {
	op   byte
	line string
}

// Compare finds the difference between two texts.
func Compare(before, after string) Diff {
	steps := script(split(before), split(after))
	var d Diff
	for _, s := range steps {
		switch s.op {
		case '+':
			d.Added++
		case '-':
			d.Removed++
		}
	}
	d.Text = hunks(steps)
	return d
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// script is the shortest way from a to b, by Myers (1986), if it is not too long.
func script(a, b []string) []step {
	begin := 0
	for begin < len(a) && begin < len(b) && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for end < len(a)-begin && end < len(b)-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var all []step
	add := func(op byte, lines []string) {
		for _, l := range lines {
			all = append(all, step{op, l})
		}
	}
	add(' ', a[:begin])
	all = append(all, middle(a[begin:len(a)-end], b[begin:len(b)-end])...)
	add(' ', a[len(a)-end:])
	return all
}

// middle is the script of two texts that begin and end differently.
func middle(a, b []string) []step {
	limit := min(len(a)+len(b), most)
	v := make([]int, 2*limit+3) // by diagonal: how far in a
	at := func(k int) *int { return &v[k+limit+1] }
	var trace [][]int // v from diagonal -d-1 to d+1, before round d
	for d := 0; d <= limit; d++ {
		trace = append(trace, slices.Clone(v[limit-d:limit+d+3]))
		for k := -d; k <= d; k += 2 {
			x := *at(k - 1) + 1
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = *at(k + 1)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return walk(a, b, trace)
			}
		}
	}
	var all []step
	for _, l := range a {
		all = append(all, step{'-', l})
	}
	for _, l := range b {
		all = append(all, step{'+', l})
	}
	return all
}

// walk goes the way back.
func walk(a, b []string, trace [][]int) (all []step) {
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		at := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		from := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			from = k + 1
		}
		px := at(from)
		py := px - from
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py {
			x, y = x-1, y-1
			all = append(all, step{' ', a[x]})
		}
		switch {
		case d == 0:
		case x == px:
			y--
			all = append(all, step{'+', b[y]})
		default:
			x--
			all = append(all, step{'-', a[x]})
		}
	}
	slices.Reverse(all)
	return all
}

// hunks writes the changes with what is around them.
func hunks(steps []step) string {
	var b strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(steps); {
		if steps[i].op == ' ' {
			i, oldLine, newLine = i+1, oldLine+1, newLine+1
			continue
		}
		begin := max(0, i-context)
		end, quiet := i, 0
		for end < len(steps) && quiet <= 2*context {
			if quiet++; steps[end].op != ' ' {
				quiet = 0
			}
			end++
		}
		end -= max(0, quiet-context)
		oldFrom, newFrom := oldLine-(i-begin), newLine-(i-begin)
		oldCount, newCount := 0, 0
		var body strings.Builder
		for n := begin; n < end; n++ {
			s := steps[n]
			fmt.Fprintf(&body, "%c%s\n", s.op, s.line)
			if s.op != '+' {
				oldCount++
			}
			if s.op != '-' {
				newCount++
			}
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n%s", place(oldFrom, oldCount), place(newFrom, newCount), body.String())
		oldLine, newLine, i = oldFrom+oldCount, newFrom+newCount, end
	}
	return b.String()
}

func place(from, count int) string {
	if count == 0 {
		from--
	}
	if count == 1 {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d,%d", from, count)
}
