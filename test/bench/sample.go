//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// metric is something that a run of a row is measured by. Less is better.
type metric string

const (
	elapsed metric = "time"       // seconds a unit of work
	cpu     metric = "server CPU" // seconds a unit, user and system, children included
	memory  metric = "memory"     // octets a unit, PSS
	unfair  metric = "p99/p50"    // of the times of transfers that ran at once
)

// sample is one run of a row by one server.
type sample map[metric]float64

// format says a value of a metric for people.
func (m metric) format(v float64) string {
	switch m {
	case memory:
		return fmt.Sprintf("%.1f KiB", v/1024)
	case unfair:
		return fmt.Sprintf("%.2f", v)
	}
	d := time.Duration(v * float64(time.Second))
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", v)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", v*1e3)
	}
	return fmt.Sprintf("%.3g µs", v*1e6)
}

// series are the samples of one server in one row.
type series []sample

func (s series) values(m metric) []float64 {
	var v []float64
	for _, one := range s {
		if x, ok := one[m]; ok {
			v = append(v, x)
		}
	}
	slices.Sort(v)
	return v
}

// median returns NaN if m was not measured.
func (s series) median(m metric) float64 {
	v := s.values(m)
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// spread is the distance of the extremes, as a part of the median.
func (s series) spread(m metric) float64 {
	v := s.values(m)
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[len(v)-1] - v[0]) / s.median(m)
}
