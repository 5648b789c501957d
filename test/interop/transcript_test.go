package interop

import (
	"bytes"
	"sync"
	"testing"
	"time"
)

// transcript is what a program has printed so far. The zero value is empty.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed at the next write; nil if nobody waits
}

// Write implements [io.Writer].
func (p *transcript) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more != nil {
		close(p.more)
		p.more = nil
	}
	return p.text.Write(b)
}

// String returns all of it.
func (p *transcript) String() string {
	text, _ := p.read()
	return text
}

// read returns all of it, and a channel that is closed when there is more.
func (p *transcript) read() (string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more == nil {
		p.more = make(chan struct{})
	}
	return p.text.String(), p.more
}

// await returns when the program has printed what is to be found.
func (p *transcript) await(t *testing.T, what string, found func(text string) bool) {
	t.Helper()
	hang := time.After(attention)
	for {
		text, more := p.read()
		if found(text) {
			return
		}
		select {
		case <-more:
		case <-hang:
			t.Fatalf("not printed: %s\n%s", what, text)
		}
	}
}
