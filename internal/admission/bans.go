package admission

import (
	"cmp"
	"container/list"
	"net/netip"
	"slices"
	"time"
)

// Ban is a network that is kept out.
type Ban struct {
	Network netip.Prefix `json:"network"`
	Since   time.Time    `json:"since"`
	Until   time.Time    `json:"until,omitzero"` // zero: until it is lifted
	Reason  string       `json:"reason"`
	ByHand  bool         `json:"by_hand,omitzero"` // a person has set it
	Refused int          `json:"refused"`          // connections since

	told time.Time // when a refusal was last told
}

func (b *Ban) over(now time.Time) bool { return !b.Until.IsZero() && !now.Before(b.Until) }

// bans are the networks that are kept out: sources that failed, all for equally long, and
// what a person has set.
type bans struct {
	by     map[netip.Prefix]*list.Element
	oldest list.List // of *Ban, those of by
	most   int       // of by
	byHand []*Ban
}

func newBans() *bans { return &bans{by: make(map[netip.Prefix]*list.Element), most: maxBans} }

// find returns the ban that keeps an address out, nil if none does.
func (b *bans) find(a netip.Addr, now time.Time) *Ban {
	b.expire(now)
	for _, one := range b.byHand {
		if one.Network.Contains(a) {
			return one
		}
	}
	if e := b.by[source(a)]; e != nil {
		if one := e.Value.(*Ban); !one.over(now) {
			return one
		}
	}
	return nil
}

// add sets a ban, in the place of one of the same network. It is false if a person has set
// as many as there may be.
func (b *bans) add(one Ban) bool {
	i := slices.IndexFunc(b.byHand, func(old *Ban) bool { return old.Network == one.Network })
	switch {
	case i >= 0: // what a person has set stays set
		if one.ByHand {
			b.byHand[i] = &one
		}
		return true
	case one.ByHand && len(b.byHand) >= maxByHand:
		return false
	}
	if e := b.by[one.Network]; e != nil {
		b.forget(e)
	}
	if one.ByHand {
		b.byHand = append(b.byHand, &one)
		return true
	}
	if len(b.by) >= b.most {
		b.forget(b.oldest.Front())
	}
	b.by[one.Network] = b.oldest.PushBack(&one)
	return true
}

// lift ends the bans of networks within p, and returns how many there were.
func (b *bans) lift(p netip.Prefix) int {
	within := func(one *Ban) bool { return p.Bits() <= one.Network.Bits() && p.Overlaps(one.Network) }
	before := len(b.by) + len(b.byHand)
	b.byHand = slices.DeleteFunc(b.byHand, within)
	for e := b.oldest.Front(); e != nil; {
		next := e.Next()
		if within(e.Value.(*Ban)) {
			b.forget(e)
		}
		e = next
	}
	return before - len(b.by) - len(b.byHand)
}

// expire forgets what is over.
func (b *bans) expire(now time.Time) {
	b.byHand = slices.DeleteFunc(b.byHand, func(one *Ban) bool { return one.over(now) })
	for e := b.oldest.Front(); e != nil && e.Value.(*Ban).over(now); e = b.oldest.Front() {
		b.forget(e)
	}
}

func (b *bans) forget(e *list.Element) {
	delete(b.by, e.Value.(*Ban).Network)
	b.oldest.Remove(e)
}

// all are those that hold now, the oldest first.
func (b *bans) all(now time.Time) (all []Ban) {
	b.expire(now)
	for _, one := range b.byHand {
		all = append(all, *one)
	}
	for e := b.oldest.Front(); e != nil; e = e.Next() {
		if one := e.Value.(*Ban); !one.over(now) {
			all = append(all, *one)
		}
	}
	slices.SortStableFunc(all, func(x, y Ban) int {
		return cmp.Or(x.Since.Compare(y.Since), x.Network.Addr().Compare(y.Network.Addr()))
	})
	return all
}
