package akt

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/aktgo/akt/internal/lifetime"
)

// notice is what the handler of a notification sees of its sender: the values, and behind them
// those of WithContext, without any end. It hides the sender's chain of calls, because nobody
// waits.
//
// However long notifications send each other on, it does not grow. What a relay has added to the
// notice below is kept apart from that, as a part: layers of context.WithValue are copied onto
// nothing, and layers that add no value are left out. A notice has the parts of the last maxRelays
// relays that added one.
//
// A context of a user's own type cannot be copied: a part of one leads down to the notice below by
// itself, so the chain is cut by emptying the notice that is maxRelays relays down. Only a Context
// that was kept from there, while its notifications were sent on for so long in such contexts, sees
// that: its values, but for WithContext's, are gone.
type notice struct {
	context.Context // Background
	parts           atomic.Pointer[parts]
	relays          uint64  // how many relays have added a part
	base            *notice // the values of WithContext that it was made with
}

// parts are a notice's, those that go first first.
type parts []part

// part is what a relay has added.
type part struct {
	*values
	relay uint64 // the number of the relay
}

// values are those of a context.
type values struct {
	of     context.Context
	id     context.Context // tells them apart where it can be compared; nil where only the pointer does
	copied bool            // they are layers on nothing
	below  *notice         // where they lead down to by themselves, if they do
}

// maxRelays is how many relays are remembered that added values.
const maxRelays = 64

func (v *values) same(as *values) bool { return v == as || v.id != nil && v.id == as.id }

// noticeKey is the key by which a notice is found below a context of a user's own type.
type noticeKey struct{}

// bottom is the parent of layers that were copied. It tells a value that is not there from one that
// is nil.
type bottom struct{ context.Context }

type missing struct{}

func (bottom) Value(any) any { return missing{} }

func (n *notice) Value(key any) any {
	switch key {
	case contextKey{}, depthKey{}:
		return nil
	case noticeKey{}:
		return n
	}
	for _, p := range n.all() {
		v := p.of.Value(key)
		if p.copied && v != (missing{}) || !p.copied && v != nil {
			return v
		}
	}
	return nil
}

// all is the notice's parts; none where there is no notice.
func (n *notice) all() parts {
	if n == nil {
		return nil
	}
	if ps := n.parts.Load(); ps != nil {
		return *ps
	}
	return nil
}

// noticeOf makes the context of a notification sent with ctx to an actor with these base values,
// nil for none. It is called by the sender, as methods of ctx are.
func noticeOf(ctx context.Context, base *notice) context.Context {
	under := withoutRuns(ctx)
	if n, ok := under.(*notice); ok && n.base == base {
		return n
	}
	if under == context.Background() {
		return base.orNone()
	}
	return relayed(ctx, base)
}

// withoutRuns is ctx without the runs it was handed through, which add no values.
func withoutRuns(ctx context.Context) context.Context {
	for {
		switch c := ctx.(type) {
		case Context:
			ctx = c.sender()
		case *goFunction:
			ctx = c.Context
		default:
			return ctx
		}
	}
}

// orNone is the base values, or no values.
func (n *notice) orNone() context.Context {
	if n == nil {
		return context.Background()
	}
	return n
}

// relayed is noticeOf for a ctx that has layers.
func relayed(ctx context.Context, base *notice) context.Context {
	l := layersOf(ctx)
	switch {
	case l.below == nil && l.top == nil:
		return base.orNone()
	case l.below == nil: // it comes from outside
		v := &values{of: context.WithoutCancel(l.top)}
		if reflect.ValueOf(l.top).Comparable() {
			v.id = l.top
		}
		return (&notice{}).add(v, nil, base)
	case l.top == nil:
		return l.below.add(nil, nil, base)
	case l.unknown:
		v := &values{of: context.WithoutCancel(l.top), below: l.below}
		return l.below.add(v, nil, base)
	}
	v := &values{of: lifetime.Rebase(bottom{context.Background()}, l.valued), copied: true}
	return l.below.add(v, l.sender, base)
}

// layers are those of a context above the notice below it.
type layers struct {
	top     context.Context   // the first that adds a value, or may; nil for none
	valued  []context.Context // those of context.WithValue, the newest first
	unknown bool              // there are others that may add values
	below   *notice           // nil where there is none
	sender  *notice           // the base values of the actor whose handler had below
}

func layersOf(ctx context.Context) (l layers) {
	for {
		var parent context.Context
		layer := lifetime.Bare
		switch c := ctx.(type) {
		case *notice:
			l.below = c
			return l
		case Context:
			if parent = c.sender(); c.actor != nil {
				l.sender = c.actor.config.base
			}
		case startContext:
			parent = c.Context
		case *goFunction:
			parent = c.Context
		case *lifetime.Bound:
			parent = c.Sender()
		default:
			parent, layer = lifetime.Under(ctx)
		}
		switch layer {
		case lifetime.Bottom:
			return l
		case lifetime.Unknown:
			if l.top == nil {
				l.top = ctx
			}
			l.unknown = true
			l.below = noticeBelow(ctx)
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

// noticeBelow finds the notice that a context of a user's own type leads down to, also where that
// lets no other values through.
func noticeBelow(ctx context.Context) *notice {
	if n, ok := ctx.Value(noticeKey{}).(*notice); ok {
		return n
	}
	if parent := lifetime.Embedded(ctx); parent != nil {
		return layersOf(parent).below
	}
	return nil
}

// baseOf is the values of WithContext's context, nil if it has none.
func baseOf(ctx context.Context) *notice {
	base, _ := noticeOf(ctx, nil).(*notice)
	return base
}

// add makes the notice with one part more, if there is one, and with the base values that n does
// not have. Sender are base values that its sender sees, which are as new as the part.
func (n *notice) add(v *values, sender, base *notice) *notice {
	if v == nil && n.hasAll(base) {
		return n
	}
	made := &notice{Context: context.Background(), relays: n.relays + 1, base: base}
	var list parts
	if v != nil {
		list = append(list, part{v, made.relays})
	}
	if v == nil || v.below == nil { // else it leads down to them
		list = n.lasting(list, made.relays, sender, base)
	}
	for _, b := range base.all() {
		if !list.have(b.values) {
			list = append(list, part{b.values, made.relays})
		}
	}
	made.parts.Store(&list)
	if v != nil {
		v.below.cut(made.relays)
	}
	return made
}

// lasting appends the parts of n that a relay of this number does not forget.
func (n *notice) lasting(list parts, relay uint64, sender, base *notice) parts {
	old := n.all()
	list = slices.Grow(list, len(old)+len(base.all()))
	for _, p := range old {
		if sender.all().have(p.values) {
			p.relay = relay
		}
		if p.relay+maxRelays > relay || base.all().have(p.values) {
			list = append(list, p)
		}
	}
	for len(list) > 2*maxRelays { // a relay may add a part and base values; base values, those of other bases
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
func (ps parts) have(v *values) bool {
	return slices.ContainsFunc(ps, func(p part) bool { return p.same(v) })
}

// hasAll reports whether all values of base are among those of n.
func (n *notice) hasAll(base *notice) bool {
	for _, b := range base.all() {
		if !n.all().have(b.values) {
			return false
		}
	}
	return true
}

// cut empties the notice, from n down, that is too far below a relay of this number.
func (n *notice) cut(relay uint64) {
	for n != nil && n.relays+maxRelays > relay {
		n = n.leadsTo()
	}
	if n != nil {
		kept := n.base.all()
		n.parts.Store(&kept)
	}
}

// leadsTo is the notice that a part leads down to.
func (n *notice) leadsTo() *notice {
	for _, p := range n.all() {
		if p.below != nil {
			return p.below
		}
	}
	return nil
}
