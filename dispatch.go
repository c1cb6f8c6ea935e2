package akt

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/call"
	"github.com/aktgo/akt/internal/decode"
	"github.com/aktgo/akt/internal/handlers"
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
	starts   bool       // the type has OnStart
	stopping bool       // the type has OnStopping
	ends     bool       // it has a hook that its end calls
	defers   bool       // a reply of some handler may be a Future
	cache    typecache.Cache[resolved]
	lenders  []handlers.Lender // embedded fields that must not be nil
}

// handler is one Handle<Msg> method.
type handler struct {
	call   atomic.Pointer[callFunc] // first, with index: one cache line for what a Send needs
	index  uint16                   // place in the table, from 1; the state word has 16 bits for it
	defers bool                     // its reply may be a Future
	handlers.Method
	plans sync.Map // reflect.Type of the R that an Ask wants → replyPlan
}

// callFunc calls a handler on the actor's state with a message of exactly the handler's type.
type callFunc = call.Func[Context]

func (h *handler) bind(f callFunc) { h.call.Store(&f) }

// newHandler makes the table's entry for a method.
func newHandler(m handlers.Method, index int) *handler {
	h := &handler{index: uint16(index), defers: mayDefer(m.Reply), Method: m}
	h.bind(call.FuncFor[Context](m))
	return h
}

func newTable(t reflect.Type, methods []handlers.Method) *table {
	tbl := &table{
		typ: t, kind: kindOf(t), lenders: handlers.Lenders(methods),
		exact: map[reflect.Type]*handler{}, byName: map[string]*handler{},
	}
	tbl.cache.Init()
	for _, m := range methods {
		if m.IsHook() {
			tbl.starts = tbl.starts || m.GoName == "OnStart"
			tbl.stopping = tbl.stopping || m.GoName == "OnStopping"
			tbl.ends = tbl.ends || m.GoName != "OnStart"
			continue
		}
		h := newHandler(m, len(tbl.handlers)+1)
		tbl.handlers = append(tbl.handlers, h)
		tbl.defers = tbl.defers || h.defers
		tbl.exact[h.Message] = h
		tbl.byName[h.Name] = h
		switch {
		case h.TakesAny():
			tbl.anything = h
		case h.Message.Kind() == reflect.Interface:
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
		once := sync.OnceValues(func() (*table, error) { return scan(t) })
		scanned, _ = tables.LoadOrStore(t, once)
	}
	return scanned.(func() (*table, error))()
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
		return label{r.sentType(nil), decode.Quote(r.Name)}
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
		raw, ok := rawOf(msg)
		if ok && t.exact[typeRaw] == nil && t.exact[reflect.PointerTo(typeRaw)] == nil {
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
		return route{}, nil, t.unhandled(msgType,
			"the pointer is nil, and "+r.GoName+" takes the value", "")
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
		if h := t.exact[msgType.Elem()]; h != nil && h.Message.Kind() != reflect.Interface {
			return route{h, pointedTo}, nil
		}
	}
	if h := t.exact[reflect.PointerTo(msgType)]; h != nil {
		return route{h, addressOf}, nil
	}
	var fits []*handler
	for _, h := range t.partial {
		if msgType.Implements(h.Message) {
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
			names[i] = fmt.Sprintf("%s (%s)", h.GoName, texts[i])
		}
		return route{}, t.unhandled(msgType,
			"it implements the messages of "+strings.Join(names, " and of "),
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
		why = whyNotRaw(h.Message)
	}
	if h == nil || why != "" ||
		h.Message.Kind() == reflect.Interface && typeRaw.Implements(h.Message) {
		if r, err := t.resolve(typeRaw); err == nil {
			return r, raw, nil
		}
		return route{}, nil, t.unhandledRaw(raw.Name, h, why)
	}
	v, err := decodeMessage(raw.Fields, h.Message)
	if err != nil {
		return route{}, nil, err
	}
	return route{h, fromRaw}, v.Interface(), nil
}

// unhandledRaw says that no handler has the name of a Raw, or that h has it and cannot be reached.
func (t *table) unhandledRaw(name string, h *handler, why string) *UnhandledError {
	e := &UnhandledError{Type: typename.Short(t.typ), Message: decode.Quote(name)}
	for _, other := range t.handlers {
		if whyNotRaw(other.Message) == "" {
			e.Accepts = append(e.Accepts, other.Name)
		}
	}
	if why != "" {
		e.Reason = h.GoName + " takes no akt.Raw, because " + why
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
		e.Hint = handlers.Hint(msgType, messagesOf(t.handlers), texts)
	}
	return e
}

// messagesOf are the message types of handlers.
func messagesOf(handlers []*handler) []reflect.Type {
	types := make([]reflect.Type, len(handlers), len(handlers)+2)
	for i, h := range handlers {
		types[i] = h.Message
	}
	return types
}

func didYouMean(name string, names []string) string {
	if best := nearest.Of(name, names); best != "" {
		return fmt.Sprintf("did you mean %q", best)
	}
	return ""
}

// Description is what a type is known by as an actor: its handlers, sorted by name.
type Description struct {
	Type     reflect.Type // such as *bank.Account
	Handlers []HandlerDescription
}

// HandlerDescription describes one handler.
type HandlerDescription struct {
	Name    string       // what follows Handle in the method's name: what Raw.Name refers to
	Message reflect.Type // M
	Reply   reflect.Type // R; nil for a handler without a reply
	Method  string       // such as "HandleDeposit"
	// where the method is declared; empty if it is promoted from an embedded interface
	File string
	Line int
}

// Describe returns the dispatch table of an actor or a Spawner. It starts nothing; for a Spawner of
// an interface type, it makes one state to look at. The error is the *RegistrationError that Run
// would return, or the *PanicError of such a Spawner.
func Describe(actor any) (Description, error) {
	t, err := tableOf(actor)
	if err != nil {
		return Description{}, err
	}
	d := Description{Type: t.typ, Handlers: make([]HandlerDescription, 0, len(t.handlers))}
	for _, h := range t.handlers {
		d.Handlers = append(d.Handlers, HandlerDescription{
			Name: h.Name, Message: h.Message, Reply: h.Reply,
			Method: h.GoName, File: h.File, Line: h.Line,
		})
	}
	return d, nil
}

// Bind makes akt call a handler directly, with no unsafe code, for all actors of type A, also those
// that run already. It helps handlers that would be called by reflection, see Cost in the package
// documentation: those of messages such as structs of floats, with Go 1.27, on architectures other
// than amd64 and arm64, and under the build tag akt_safe.
//
// It takes a method expression of the full shape, from which all four types are inferred:
//
//	akt.Bind((*Account).HandleDeposit)
//
// It is optional, and changes speed, never behaviour. The error is the type's *[RegistrationError],
// or says that the function is not a handler of A; then nothing has changed. Bind may be called at
// any time and from any goroutine.
func Bind[A any, C context.Context, M, R any](method func(A, C, M) (R, error)) error {
	t := reflect.TypeFor[A]()
	if t.Kind() == reflect.Interface {
		return fmt.Errorf("akt: Bind: %s is an interface; "+
			"pass a method expression of the actor's own type, such as (*Account).HandleDeposit",
			typename.Short(t))
	}
	tbl, err := tableFor(t)
	if err != nil {
		pointer := "(*" + typename.Short(t) + ")"
		return withPointerCure(err,
			"bind the methods of the pointer, as in "+pointer+".HandleDeposit")
	}
	h := tbl.exact[reflect.TypeFor[M]()]
	own, ok := expressionOf(h, t, method)
	if !ok {
		return fmt.Errorf("akt: Bind: %s is not a handler of %s; "+
			"pass a method expression, such as (*Account).HandleDeposit",
			funcName(method), typename.Short(t))
	}
	switch f := own.(type) {
	case func(A, Context, M) (R, error):
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(f(stateOf[A](self), ctx, msg.(M)))
		})
	case func(A, context.Context, M) (R, error):
		h.bind(func(self any, ctx Context, msg any) (any, error) {
			return boxed(f(stateOf[A](self), ctx, msg.(M)))
		})
	}
	return nil
}

// expressionOf is the handler's method expression as reflection has it, if method is the same one.
// In a generic function a method expression is wrapped, and cannot be compared; as it is not
// called, that does no harm.
func expressionOf[F any](h *handler, t reflect.Type, method F) (any, bool) {
	if h == nil || reflect.ValueOf(method).IsNil() {
		return nil, false
	}
	own, _ := t.MethodByName(h.GoName)
	f, ok := own.Func.Interface().(F)
	same := own.Func.Pointer() == reflect.ValueOf(method).Pointer() ||
		strings.Contains(fullName(method), "[...]")
	return f, ok && same
}

// stateOf is an actor's state as the type that was passed to Run: itself, or what it points to.
func stateOf[A any](self any) A {
	if a, ok := self.(A); ok {
		return a
	}
	return *self.(*A)
}

// boxed is a reply as Send returns it: a reply or an error, never both.
func boxed[R any](reply R, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// funcName is the last part of a function's name: the method's, for a method expression.
func funcName(f any) string {
	name := fullName(f)
	return name[strings.LastIndexByte(name, '.')+1:]
}

func fullName(f any) string {
	v := reflect.ValueOf(f)
	if v.IsNil() {
		return "nil"
	}
	return runtime.FuncForPC(v.Pointer()).Name()
}
