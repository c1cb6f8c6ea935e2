package akt

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/decode"
	"github.com/aktgo/akt/internal/nearest"
)

// table is the dispatch table of one actor type: made once per process, never changed, shared by all actors of the type.
// Only its cache of routes grows, by an entry for each message type that is sent.
type table struct {
	typ      reflect.Type // the actor's type as it was passed to Run
	kind     string       // what made-up names of its actors begin with: "Account-"
	handlers []*handler   // sorted by method name; handlers[i].index is i+1
	exact    map[reflect.Type]*handler
	byName   map[string]*handler
	partial  []*handler // handlers of an interface that has methods
	anything *handler   // the handler of the empty interface, if there is one
	stopping bool       // the type has OnStopping
	defers   bool       // a reply of some handler may be a Future
	cache    cache
}

// handler is one Handle<Msg> method.
type handler struct {
	call   atomic.Pointer[callFunc] // first, with index: one cache line for what a Send needs
	index  uint16                   // place in the table, from 1; the state word has 16 bits for it
	defers bool                     // its reply may be a Future

	name   string // what follows Handle
	method string
	owner  string // the declaring type, for texts
	file   string
	line   int
	msg    reflect.Type // M
	reply  reflect.Type // R; nil without a reply
	shape
	expression any      // the method of *T as a func value, whose first parameter is a *T
	plans      sync.Map // reflect.Type of the R that an Ask wants → replyPlan
}

// callFunc calls a handler on the actor's state with a message of exactly the handler's type.
type callFunc func(self any, ctx Context, msg any) (any, error)

func (h *handler) bind(f callFunc) { h.call.Store(&f) }

// String names the handler as in bank.Account.HandleDeposit.
func (h *handler) String() string { return h.owner + "." + h.method }

func newTable(t reflect.Type, handlers []*handler) *table {
	tbl := &table{typ: t, kind: kindOf(t), handlers: handlers, exact: map[reflect.Type]*handler{}, byName: map[string]*handler{}}
	tbl.stopping = methodSet(t).Implements(reflect.TypeFor[StoppingHook]())
	tbl.cache.slots.Store(newSlots(8))
	for i, h := range handlers {
		h.index = uint16(i + 1)
		tbl.defers = tbl.defers || h.defers
		tbl.exact[h.msg] = h
		tbl.byName[h.name] = h
		switch {
		case isEmptyInterface(h.msg):
			tbl.anything = h
		case h.msg.Kind() == reflect.Interface:
			tbl.partial = append(tbl.partial, h)
		}
	}
	return tbl
}

// kindOf is the made-up name of a type's actors, without the number at its end: "Account-".
func kindOf(t reflect.Type) string {
	name := baseName(t)
	if bracket := strings.IndexByte(name, '['); bracket >= 0 {
		name = name[:bracket]
	}
	return name[strings.LastIndexByte(name, '.')+1:] + "-"
}

// tables holds, by actor type, a function that scans the type when it is called first and returns the same answer ever after.
var tables sync.Map // reflect.Type → func() (*table, error)

// tableFor returns the one table of a type.
func tableFor(t reflect.Type) (*table, error) {
	scanned, ok := tables.Load(t)
	if !ok {
		scanned, _ = tables.LoadOrStore(t, sync.OnceValues(func() (*table, error) { return scan(t) }))
	}
	return scanned.(func() (*table, error))()
}

// tableOf returns the table of what was passed to Run or Describe.
func tableOf(actor any) (*table, error) {
	switch v := actor.(type) {
	case nil:
		return nil, notRunnable("nil", "it has no type", "pass an actor, such as &Account{}")
	case spawner:
		if v.isNil() {
			return nil, notRunnable(reflect.TypeOf(v).String(), "the Spawner is nil", "give it a function that makes an actor")
		}
		if t := v.actorType(); t.Kind() != reflect.Interface {
			return tableFor(t)
		}
		return tableOf(v.spawn())
	}
	t := reflect.TypeOf(actor)
	if v := reflect.ValueOf(actor); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, notRunnable(t.String(), "the pointer is nil", "pass a pointer to a value, such as &"+baseName(t)+"{}")
	}
	return tableFor(t)
}

// adaptation is what has to be done to a message before its handler can take it.
type adaptation uint8

const (
	asItIs    adaptation = iota
	pointedTo            // a *M for a handler of M: the value is copied
	addressOf            // an M for a handler of *M: a pointer to a copy
	fromRaw              // a Raw that was decoded
)

// route is where messages of one type go.
type route struct {
	*handler
	adapt adaptation
}

// sentAs is the label of a message as its sender passed it, of which msg is what the handler takes.
func (r route) sentAs(msg any) label {
	switch r.adapt {
	case asItIs:
		return labelOf(msg)
	case fromRaw:
		return label{r.sentType(nil), decode.Quote(r.name)}
	}
	return label{typ: r.sentType(reflect.TypeOf(msg))}
}

// sentType is the type of a message as its sender passed it, for texts, where t is the type that
// the handler takes.
func (r route) sentType(t reflect.Type) string {
	switch r.adapt {
	case pointedTo:
		return "*" + t.String()
	case addressOf:
		return t.Elem().String()
	case fromRaw:
		return typeRaw.String()
	}
	return t.String()
}

// typeName is a value's dynamic type as %T prints it.
func typeName(v any) string { return fmt.Sprintf("%T", v) }

// route finds the handler of a message, and returns the message as that handler takes it.
func (t *table) route(msg any) (route, any, error) {
	return t.routeBy(t.cache.find(dynamicType(msg)), msg)
}

// routeBy is route with what the cache has.
func (t *table) routeBy(found *slot, msg any) (r route, _ any, err error) {
	msgType := reflect.TypeOf(msg)
	if found != nil {
		r = found.route()
	} else {
		if raw, ok := rawOf(msg); ok && t.exact[typeRaw] == nil && t.exact[reflect.PointerTo(typeRaw)] == nil {
			return t.decode(raw)
		}
		if r, err = t.resolve(msgType); err != nil {
			return route{}, nil, err
		}
		t.cache.add(dynamicType(msg), resolved{to: r.handler, adapt: r.adapt, index: r.index})
	}
	msg, ok := adapted(msg, r.adapt)
	if !ok {
		return route{}, nil, t.unhandled(msgType, "the pointer is nil, and "+r.method+" takes the value", "")
	}
	return r, msg, nil
}

var typeRaw = reflect.TypeFor[Raw]()

// rawOf is the Raw that a message is or points to.
func rawOf(msg any) (Raw, bool) {
	if p, ok := msg.(*Raw); ok && p != nil {
		return *p, true
	}
	raw, ok := msg.(Raw)
	return raw, ok
}

// resolve applies the rules in their order: the exact type; the pointer or the value of it; the one interface that the
// message implements; the empty interface.
func (t *table) resolve(msgType reflect.Type) (route, error) {
	if msgType == nil {
		return route{}, t.unhandled(nil, "a message cannot be nil", "")
	}
	if h := t.exact[msgType]; h != nil {
		return route{h, asItIs}, nil
	}
	if msgType.Kind() == reflect.Pointer {
		if h := t.exact[msgType.Elem()]; h != nil && h.msg.Kind() != reflect.Interface {
			return route{h, pointedTo}, nil
		}
	}
	if h := t.exact[reflect.PointerTo(msgType)]; h != nil {
		return route{h, addressOf}, nil
	}
	var fits []*handler
	for _, h := range t.partial {
		if msgType.Implements(h.msg) {
			fits = append(fits, h)
		}
	}
	switch {
	case len(fits) == 1:
		return route{fits[0], asItIs}, nil
	case len(fits) > 1:
		names := make([]string, len(fits))
		for i, h := range fits {
			names[i] = fmt.Sprintf("%s (%s)", h.method, h.msg)
		}
		return route{}, t.unhandled(msgType, "it implements the messages of "+strings.Join(names, " and of "),
			"add a handler for "+msgType.String()+" itself")
	case t.anything != nil:
		return route{t.anything, asItIs}, nil
	}
	return route{}, t.unhandled(msgType, "", "")
}

// adapted copies a message from behind its pointer, or behind a new one. It reports false for a nil pointer.
func adapted(msg any, how adaptation) (any, bool) {
	switch v := reflect.ValueOf(msg); {
	case how == asItIs:
		return msg, true
	case how == addressOf:
		return behindPointer(v), true
	case v.IsNil():
		return nil, false
	default:
		return v.Elem().Interface(), true
	}
}

// behindPointer copies a value and returns a pointer to the copy.
func behindPointer(v reflect.Value) any {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface()
}

// decode builds the message that a Raw describes. A handler that no Raw reaches is as if it was not there. An actor may
// take Raw as it is, through an interface.
func (t *table) decode(raw Raw) (route, any, error) {
	h, why := t.byName[raw.Name], ""
	if h != nil {
		why = whyNotRaw(h.msg)
	}
	if h == nil || why != "" || h.msg.Kind() == reflect.Interface && typeRaw.Implements(h.msg) {
		if r, err := t.resolve(typeRaw); err == nil {
			return r, raw, nil
		}
		return route{}, nil, t.unhandledRaw(raw.Name, h, why)
	}
	v, err := decodeMessage(raw.Fields, h.msg)
	if err != nil {
		return route{}, nil, err
	}
	return route{h, fromRaw}, v.Interface(), nil
}

// unhandledRaw says that no handler has the name of a Raw, or that h has it and cannot be reached.
func (t *table) unhandledRaw(name string, h *handler, why string) *UnhandledError {
	e := &UnhandledError{Type: t.typ.String(), Message: decode.Quote(name)}
	for _, other := range t.handlers {
		if whyNotRaw(other.msg) == "" {
			e.Accepts = append(e.Accepts, other.name)
		}
	}
	if why != "" {
		e.Reason = h.method + " takes no akt.Raw, because " + why
	} else {
		e.Hint = didYouMean(strings.TrimPrefix(name, "Handle"), e.Accepts)
	}
	return e
}

func (t *table) unhandled(msgType reflect.Type, reason, hint string) *UnhandledError {
	e := &UnhandledError{Type: t.typ.String(), Message: "nil", Reason: reason, Hint: hint}
	for _, h := range t.handlers {
		e.Accepts = append(e.Accepts, h.msg.String())
	}
	if msgType != nil {
		e.Message = msgType.String()
	}
	if hint == "" && reason == "" {
		e.Hint = nearMiss(msgType, t.handlers)
	}
	return e
}

// nearMiss looks for the message that was probably meant.
func nearMiss(msgType reflect.Type, handlers []*handler) string {
	name := baseName(msgType)
	short := name[strings.LastIndexByte(name, '.')+1:]
	var names []string
	byName := map[string]*handler{}
	for _, h := range handlers {
		other := baseName(h.msg)
		other = other[strings.LastIndexByte(other, '.')+1:]
		names = append(names, other)
		byName[other] = h
	}
	best := nearest.Of(short, names)
	h := byName[best]
	if h == nil {
		return ""
	}
	if h.msg.String() == msgType.String() {
		return fmt.Sprintf("did you mean %s of package %s", h.msg, h.msg.PkgPath())
	}
	return "did you mean " + h.msg.String()
}

func didYouMean(name string, names []string) string {
	if best := nearest.Of(name, names); best != "" {
		return fmt.Sprintf("did you mean %q", best)
	}
	return ""
}

// reflectCall calls a method by reflection, where erasedCall does not know its layout and neither a typed call site nor Bind has
// brought a direct call.
func reflectCall(method reflect.Value, replies, fails bool) callFunc {
	return func(self any, ctx Context, msg any) (reply any, err error) {
		out := method.Call([]reflect.Value{reflect.ValueOf(self), reflect.ValueOf(ctx), reflect.ValueOf(msg)})
		if fails {
			if err, _ = out[len(out)-1].Interface().(error); err != nil {
				return nil, err
			}
		}
		if replies {
			reply = out[0].Interface()
		}
		return reply, nil
	}
}
