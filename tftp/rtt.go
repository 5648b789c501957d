package tftp

import "time"

// The retransmission timer.
const (
	firstTimeout = time.Second            // before anything has been measured
	earlyFloor   = 200 * time.Millisecond // until there are earlySamples
	lateFloor    = 50 * time.Millisecond
	earlySamples = 3
	probeFloor   = 10 * time.Millisecond
	maxTimeout   = 8 * time.Second
	maxFirst     = 2                // transmissions of the first packet to a peer not yet proven
	maxReports   = 3                // of one loss, by repeated ACKs
	maxRequests  = 6                // transmissions of a client's request
	maxIdle      = 30 * time.Second // without progress
	minDally     = 3 * time.Second  // RFC 1350 §6
)

// rtt tells how long to wait for an answer: the mean of the round trips and four times
// their deviation (Jacobson), doubled for every retry (RFC 1123 §4.2.3.2). Its owner
// samples only what was sent once (Karn). The zero value is ready.
type rtt struct {
	mean, deviation time.Duration
	least           time.Duration // the shortest round trip
	samples         int
	retries         uint
	floor           time.Duration // what the timeout option asks for; 0 for nothing
	jitter          uint32        // seed; 0 for no jitter
}

// sample takes a measured round trip, and forgets the retries.
func (r *rtt) sample(d time.Duration) {
	if r.samples == 0 {
		r.mean, r.deviation, r.least = d, d/2, d
	} else {
		r.deviation += ((d - r.mean).Abs() - r.deviation) / 4
		r.mean += (d - r.mean) / 8
		r.least = min(r.least, d)
	}
	r.samples++
	r.retries = 0
}

// timeout returns how long to wait for an answer to what is sent now.
func (r *rtt) timeout() time.Duration {
	floor, d := lateFloor, r.mean+4*r.deviation
	if r.samples < earlySamples {
		floor = earlyFloor
	}
	if r.samples == 0 {
		d = firstTimeout
	}
	if r.floor > 0 { // RFC 2349: the peer has asked for this interval
		floor, d = r.floor, max(d, r.floor)
		if r.samples == 0 {
			d = r.floor
		}
	}
	d = min(max(d, floor)<<min(r.retries, 16), max(maxTimeout, r.floor))
	if r.retries > 0 && r.jitter != 0 { // spread what was sent in one moment
		d += time.Duration(uint64(d) * uint64(r.jitter>>24) / 1024)
	}
	return d
}

// probe returns how long to wait before a single packet asks what became of a window: not
// shorter than timeout where that is not to be undercut.
func (r *rtt) probe() time.Duration {
	if !r.settled() || r.floor > 0 {
		return r.timeout()
	}
	return max(r.mean+max(4*r.deviation, r.mean/4), probeFloor)
}

// backOff doubles the timeout until the next sample.
func (r *rtt) backOff() {
	r.retries++
	r.jitter = r.jitter*1664525 + 1013904223*min(r.jitter, 1)
}

// relax takes back one doubling: there was progress, but nothing to measure.
func (r *rtt) relax() { r.retries -= min(r.retries, 1) }

// settled reports whether enough was measured to judge by the least round trip.
func (r *rtt) settled() bool { return r.samples >= earlySamples }

// idleLimit returns how long to go without progress: long enough for three intervals
// of the timeout option.
func (r *rtt) idleLimit() time.Duration { return max(maxIdle, 3*r.floor) }

// dally returns how long to stay for a peer that has missed the last ACK.
func (r *rtt) dally() time.Duration { return max(minDally, 3*r.timeout()) }
