package akt

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/decode"
	"github.com/aktgo/akt/internal/nearest"
	"github.com/aktgo/akt/internal/typecache"
	"github.com/aktgo/akt/internal/typename"
)

// table is the dispatch table of one actor type: made once per process, never changed, shared by
// all actors of the type. Only its cache of routes grows, by an entry for each message type that is
// sent.
type table struct {
	typ      reflect.Type // the actor's type as it was passed to Run
	kind     string       // what made-up names of its actors begin with: "Account-"
	handlers []*handler   // sorted by method name; handlers[i].index is i+1
	exact    map[reflect.Type]*handler
	byName   map[string]*handler
	partial  []*handler // handlers of an interface that has methods
	anything *handler   // the handler of the empty interface, if there is one
	stopping bool       // the type has OnStopping
	ends     bool       // it has a hook that its end calls
	defers   bool       // a reply of some handler may be a Future
	cache    typecache.Cache[resolved]
	lenders  []lender // embedded fields that must not be nil
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
	plain  bool         // it takes a context.Context, not an akt.Context
	fails  bool         // it may return an error

	expression any      // the method of *T as a func value, whose first parameter is a *T
	plans      sync.Map // reflect.Type of the R that an Ask wants → replyPlan
}

// callFunc calls a handler on the actor's state with a message of exactly the handler's type.
type callFunc = call.Func[Context]

func (h *handler) bind(f callFunc) { h.call.Store(&f) }

// callee is the handler as internal/call has it.
func (h *handler) callee() call.Method {
	return call.Method{
		Expression: h.expression, Message: h.msg, Reply: h.reply, Plain: h.plain, Fails: h.fails,
	}
}

// String names the handler as in bank.Account.HandleDeposit.
func (h *handler) String() string { return h.owner + "." + h.method }

func newTable(t reflect.Type, handlers []*handler) *table {
	tbl := &table{typ: t, kind: kindOf(t), handlers: handlers, exact: map[reflect.Type]*handler{}, byName: map[string]*handler{}}
	tbl.stopping = methodSet(t).Implements(reflect.TypeFor[StoppingHook]())
	tbl.ends = tbl.stopping || methodSet(t).Implements(reflect.TypeFor[StoppedHook]())
	tbl.cache.Init()
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

// kindOf is the made-up name of a type's actors, without the number at its end: "Account-". That of
// a type without a name says what it is: "struct-".
func kindOf(t reflect.Type) string {
	name, _ := typename.Parts(t)
	if name == "" {
		name = typename.Base(t).Kind().String()
	}
	return name + "-"
}

// tables holds, by actor type, a function that scans the type when it is called first and returns
// the same answer ever after.
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
	if sp, ok := asSpawner(actor); ok {
		return tableOfSpawner(sp)
	}
	if actor == nil {
		return nil, notRunnable("nil", "it has no type", "pass an actor, such as &Account{}")
	}
	t := reflect.TypeOf(actor)
	if isNilActor(actor) && !t.Implements(typeSpawner) { // else there is no Spawner to look into
		kind, cure := t.Kind().String(), "pass one that is not"
		if t.Kind() == reflect.Pointer {
			kind, cure = "pointer", "pass a pointer to a value"
			if made := newOf(t.Elem()); made != "" {
				cure += ", such as " + made
			}
		}
		return nil, notRunnable(typename.Short(t), "the "+kind+" is nil", cure)
	}
	return tableFor(t)
}

// isNilActor reports whether a value has no state to run: it is a nil pointer, map, channel or
// function.
func isNilActor(actor any) bool {
	switch v := reflect.ValueOf(actor); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func:
		return v.IsNil()
	}
	return false
}

// tableOfSpawner returns the table of what a Spawner makes. Where that is an interface type, it has
// to make one to look at.
func tableOfSpawner(sp spawner) (*table, error) {
	if sp.isNil() {
		return nil, notRunnable(typename.Short(reflect.TypeOf(sp)), "the Spawner is nil",
			"give it a function that makes an actor")
	}
	t := sp.actorType()
	if t.Kind() != reflect.Interface {
		tbl, err := tableFor(t)
		if err != nil {
			err = withPointerCure(err, t, "use an akt.Spawner[*"+typename.Short(t)+"]")
		}
		return tbl, err
	}
	state, err := spawnState(sp, nil)
	if err != nil {
		return nil, err
	}
	return tableOfSpawned(state)
}

// tableOfSpawned is tableOf for a state that a Spawner of an interface type has made.
func tableOfSpawned(state any) (*table, error) {
	t := reflect.TypeOf(state)
	tbl, err := tableFor(t)
	if err != nil {
		err = withPointerCure(err, t, "have the Spawner return "+cmp.Or(newOf(t), "a pointer to it"))
	}
	return tbl, err
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

// resolved is where messages of one type go, as the table's cache has it: three words, so that two
// fit a cache line with their keys.
type resolved struct {
	call  call.Opaque // at a typed call site, the call.Typed whose type is the key
	to    *handler
	adapt adaptation
	index uint16 // the handler's
}

func (r *resolved) route() route { return route{r.to, r.adapt} }

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
	return t.routeBy(t.cache.Find(typecache.IDOf(msg)), msg)
}

// routeBy is route with what the cache has.
func (t *table) routeBy(found *resolved, msg any) (r route, _ any, err error) {
	msgType := reflect.TypeOf(msg)
	if found != nil {
		r = found.route()
	} else {
		if raw, ok := rawOf(msg); ok && t.exact[typeRaw] == nil && t.exact[reflect.PointerTo(typeRaw)] == nil {
			return t.decode(raw)
		}
		if r, err = t.resolve(msgType); err != nil {
			if raw, ok := msg.(*Raw); ok && raw == nil {
				err = t.unhandled(msgType, "the pointer is nil", "")
			}
			return route{}, nil, err
		}
		t.cache.Add(typecache.IDOf(msg), resolved{to: r.handler, adapt: r.adapt, index: r.index})
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

// resolve applies the rules in their order: the exact type; the pointer or the value of it; the one
// interface that the message implements; the empty interface.
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
		texts := typename.All(append(messagesOf(fits), msgType)...)
		for i, h := range fits {
			names[i] = fmt.Sprintf("%s (%s)", h.method, texts[i])
		}
		return route{}, t.unhandled(msgType, "it implements the messages of "+strings.Join(names, " and of "),
			"add a handler for "+texts[len(fits)]+" itself")
	case t.anything != nil:
		return route{t.anything, asItIs}, nil
	}
	return route{}, t.unhandled(msgType, "", "")
}

// adapted copies a message from behind its pointer, or behind a new one. It reports false for a nil
// pointer.
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

// decode builds the message that a Raw describes. A handler that no Raw reaches is as if it was not
// there. An actor may take Raw as it is, through an interface.
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
	e := &UnhandledError{Type: typename.Short(t.typ), Message: decode.Quote(name)}
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

// unhandled is the error for a message of a type, nil for none, that no handler gets.
func (t *table) unhandled(msgType reflect.Type, reason, hint string) *UnhandledError {
	texts := typename.All(append(messagesOf(t.handlers), t.typ, msgType)...)
	n := len(t.handlers)
	e := &UnhandledError{
		Type: texts[n], Message: texts[n+1], Accepts: texts[:n:n], Reason: reason, Hint: hint,
	}
	if n == 0 {
		e.Accepts = nil
	}
	if hint == "" && reason == "" {
		e.Hint = nearMiss(msgType, t.handlers, texts)
	}
	return e
}

// messagesOf are the message types of handlers.
func messagesOf(handlers []*handler) []reflect.Type {
	types := make([]reflect.Type, len(handlers), len(handlers)+2)
	for i, h := range handlers {
		types[i] = h.msg
	}
	return types
}

// nearMiss suggests the message that was probably meant; texts are those of the handlers' messages.
// What generic types have in their brackets is compared apart from their names: nobody who sends a
// Created[User] means a Deleted[User].
func nearMiss(msgType reflect.Type, handlers []*handler, texts []string) string {
	name, arguments := typename.Parts(msgType)
	if name == "" {
		return ""
	}
	predeclared := func(t reflect.Type) bool { return typename.Base(t).PkgPath() == "" }
	parts := make([][2]string, len(handlers))
	var names []string
	for i, h := range handlers {
		n, args := typename.Parts(h.msg)
		if predeclared(h.msg) == predeclared(msgType) && (args == arguments || isNear(args, arguments)) {
			parts[i] = [2]string{n, args}
			names = append(names, n)
		}
	}
	best, meant := nearest.Of(name, names), -1
	for i, p := range parts {
		if best != "" && p[0] == best && (meant < 0 || p[1] == arguments) {
			meant = i
		}
	}
	if meant < 0 {
		return ""
	}
	hint := "did you mean " + texts[meant]
	a, b := typename.Base(handlers[meant].msg), typename.Base(msgType)
	if a != b && typename.Full(a) == typename.Full(b) {
		hint += ", which is another type of that name: one of them is declared in a function"
	}
	return hint
}

// isNear reports whether one text is a slip of another.
func isNear(a, b string) bool { return nearest.Of(a, []string{b}) != "" }

func didYouMean(name string, names []string) string {
	if best := nearest.Of(name, names); best != "" {
		return fmt.Sprintf("did you mean %q", best)
	}
	return ""
}
