// Package values has contexts that carry the values of others, and no end: what the handler of a
// notification sees of its sender. It knows nothing of actors but that their runs are contexts too,
// which its caller can see through.
package values

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/aktgo/akt/internal/lifetime"
)

// Carried is a context with the values of a sender's, and behind them base values: those of the
// actor that it is sent to. It has no end, and hides the sender's chain of calls, because nobody
// waits.
//
// However long notifications send each other on, it does not grow. What a relay has added to the
// Carried below is kept apart from that, as a part: layers of context.WithValue are copied onto
// nothing, and layers that add no value are left out. A Carried has the parts of the last maxRelays
// relays that added one.
//
// A context of a user's own type cannot be copied: a part of one leads down to the Carried below by
// itself, so the chain is cut by emptying the one that is maxRelays relays down. Only who has kept
// a context from there, while its notifications were sent on for so long in such contexts, sees
// that: its values, but for the base values, are gone.
type Carried struct {
	context.Context // Background
	parts           atomic.Pointer[parts]
	relays          uint64   // how many relays have added a part
	base            *Carried // the base values that it was made with
}

// RunKey is the key by which the run of an actor is found. A Carried hides it.
type RunKey struct{}

// DepthKey is the key by which it is found how deep that run lies on its goroutine. A Carried hides
// it, too.
type DepthKey struct{}

// SeeThrough tells the context that the context of an actor's run was made from; nil for any other
// context. A run adds no values. Where it knows the run's actor, known is set and base are that
// actor's base values.
type SeeThrough func(ctx context.Context) (under context.Context, base *Carried, known bool)

// parts are those of a Carried, those that go first first.
type parts []part

// part is what a relay has added.
type part struct {
	*added
	relay uint64 // the number of the relay
}

// added are the values of a context.
type added struct {
	of     context.Context
	id     context.Context // tells them apart; nil where it cannot be compared: the pointer does
	copied bool            // they are layers on nothing
	below  *Carried        // where they lead down to by themselves, if they do
}

// maxRelays is how many relays are remembered that added values.
const maxRelays = 64

func (v *added) same(as *added) bool { return v == as || v.id != nil && v.id == as.id }

// carriedKey is the key by which a Carried is found below a context of a user's own type.
type carriedKey struct{}

// bottom is the parent of layers that were copied. It tells a value that is not there from one that
// is nil.
type bottom struct{ context.Context }

type missing struct{}

func (bottom) Value(any) any { return missing{} }

// Value returns the value of the newest part that has one for key.
func (c *Carried) Value(key any) any {
	switch key {
	case RunKey{}, DepthKey{}:
		return nil
	case carriedKey{}:
		return c
	}
	for _, p := range c.all() {
		v := p.of.Value(key)
		if p.copied && v != (missing{}) || !p.copied && v != nil {
			return v
		}
	}
	return nil
}

// all is the Carried's parts; none where there is no Carried.
func (c *Carried) all() parts {
	if c == nil {
		return nil
	}
	if ps := c.parts.Load(); ps != nil {
		return *ps
	}
	return nil
}

// OrNone is the base values, or no values.
func (c *Carried) OrNone() context.Context {
	if c == nil {
		return context.Background()
	}
	return c
}

// HasBase reports whether it was made with these base values.
func (c *Carried) HasBase(base *Carried) bool { return c.base == base }

// BaseOf is the values of ctx as base values, nil if it has none.
func BaseOf(ctx context.Context, through SeeThrough) *Carried {
	base, _ := Relayed(ctx, nil, through).(*Carried)
	return base
}

// Relayed returns the values of ctx with these base values behind them, nil for none. It is called
// by the sender, as methods of ctx are.
func Relayed(ctx context.Context, base *Carried, through SeeThrough) context.Context {
	l := layersOf(ctx, through)
	switch {
	case l.below == nil && l.top == nil:
		return base.OrNone()
	case l.below == nil: // it comes from outside
		v := &added{of: context.WithoutCancel(l.top)}
		if reflect.ValueOf(l.top).Comparable() {
			v.id = l.top
		}
		return (&Carried{}).add(v, nil, base)
	case l.top == nil:
		return l.below.add(nil, nil, base)
	case l.unknown:
		v := &added{of: context.WithoutCancel(l.top), below: l.below}
		return l.below.add(v, nil, base)
	}
	v := &added{of: lifetime.Rebase(bottom{context.Background()}, l.valued), copied: true}
	return l.below.add(v, l.sender, base)
}

// layers are those of a context above the Carried below it.
type layers struct {
	top     context.Context   // the first that adds a value, or may; nil for none
	valued  []context.Context // those of context.WithValue, the newest first
	unknown bool              // there are others that may add values
	below   *Carried          // nil where there is none
	sender  *Carried          // the base values of the actor whose handler had below
}

func layersOf(ctx context.Context, through SeeThrough) (l layers) {
	for {
		var parent context.Context
		layer := lifetime.Bare
		switch c := ctx.(type) {
		case *Carried:
			l.below = c
			return l
		case *lifetime.Bound:
			parent = c.Sender()
		default:
			under, base, known := through(ctx)
			if parent = under; under == nil {
				parent, layer = lifetime.Under(ctx)
			}
			if known {
				l.sender = base
			}
		}
		switch layer {
		case lifetime.Bottom:
			return l
		case lifetime.Unknown:
			if l.top == nil {
				l.top = ctx
			}
			l.unknown = true
			l.below = carriedBelow(ctx, through)
			return l
		case lifetime.Valued:
			if l.top == nil {
				l.top = ctx
			}
			l.valued = append(l.valued, ctx)
		}
		ctx = parent
	}
}

// carriedBelow finds the Carried that a context of a user's own type leads down to, also where that
// lets no other values through.
func carriedBelow(ctx context.Context, through SeeThrough) *Carried {
	if n, ok := ctx.Value(carriedKey{}).(*Carried); ok {
		return n
	}
	if parent := lifetime.Embedded(ctx); parent != nil {
		return layersOf(parent, through).below
	}
	return nil
}

// add makes the Carried with one part more, if there is one, and with the base values that c does
// not have. Sender are base values that its sender sees, which are as new as the part.
func (c *Carried) add(v *added, sender, base *Carried) *Carried {
	if v == nil && c.hasAll(base) {
		return c
	}
	made := &Carried{Context: context.Background(), relays: c.relays + 1, base: base}
	var list parts
	if v != nil {
		list = append(list, part{v, made.relays})
	}
	if v == nil || v.below == nil { // else it leads down to them
		list = c.lasting(list, made.relays, sender, base)
	}
	for _, b := range base.all() {
		if !list.have(b.added) {
			list = append(list, part{b.added, made.relays})
		}
	}
	made.parts.Store(&list)
	if v != nil {
		v.below.cut(made.relays)
	}
	return made
}

// lasting appends the parts of c that a relay of this number does not forget.
func (c *Carried) lasting(list parts, relay uint64, sender, base *Carried) parts {
	old := c.all()
	list = slices.Grow(list, len(old)+len(base.all()))
	for _, p := range old {
		if sender.all().have(p.added) {
			p.relay = relay
		}
		if p.relay+maxRelays > relay || base.all().have(p.added) {
			list = append(list, p)
		}
	}
	for len(list) > 2*maxRelays { // a relay may add a part, and base values of ever-new bases
		list = list.withoutOldest()
	}
	return list
}

// withoutOldest is the parts without the one that is the oldest, and of several the one that goes
// last.
func (ps parts) withoutOldest() parts {
	oldest := 0
	for i, p := range ps {
		if p.relay <= ps[oldest].relay {
			oldest = i
		}
	}
	return slices.Delete(ps, oldest, oldest+1)
}

// have reports whether values are among those of the parts.
func (ps parts) have(v *added) bool {
	return slices.ContainsFunc(ps, func(p part) bool { return p.same(v) })
}

// hasAll reports whether all values of base are among those of c.
func (c *Carried) hasAll(base *Carried) bool {
	for _, b := range base.all() {
		if !c.all().have(b.added) {
			return false
		}
	}
	return true
}

// cut empties the Carried, from c down, that is too far below a relay of this number.
func (c *Carried) cut(relay uint64) {
	for c != nil && c.relays+maxRelays > relay {
		c = c.leadsTo()
	}
	if c != nil {
		kept := c.base.all()
		c.parts.Store(&kept)
	}
}

// leadsTo is the Carried that a part leads down to.
func (c *Carried) leadsTo() *Carried {
	for _, p := range c.all() {
		if p.below != nil {
			return p.below
		}
	}
	return nil
}
