package akt

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aktgo/akt/internal/handlers"
	"github.com/aktgo/akt/internal/typename"
	"github.com/aktgo/akt/internal/words"
)

// RegistrationError lists everything that keeps a value from being run as an actor. Its text has a
// line for each fault, with place, fault and cure.
type RegistrationError struct {
	Type   string // the type of the value, such as "*bank.Account"
	Faults []Fault
}

// Fault is one reason why a type, or one of its methods, cannot be used.
type Fault struct {
	Type   string // the declaring type, such as "bank.Account"
	Method string // such as "HandlePing"; empty for a fault of the type itself
	// File is where the method, or the first of those in question, is declared; it is empty where
	// that is not known.
	File  string
	Line  int
	Found string // what was found, such as "it has no context"
	Want  string // what was wanted, such as "func(akt.Context, M) (R, error)"
	Cure  string // what to do
}

func (e *RegistrationError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// String returns the fault as a line such as
//
//	akt: bank.Account.HandlePing (account.go:31) is not a handler: it has no context; want …: …
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString("akt: " + f.Type)
	switch {
	case f.Method == "":
		b.WriteString(" is not an actor: ")
	default:
		b.WriteString("." + f.Method + handlers.At(f.File, f.Line))
		if strings.HasPrefix(f.Method, "Handle") {
			b.WriteString(" is not a handler: ")
		} else {
			b.WriteString(" is not a lifecycle hook: ")
		}
	}
	b.WriteString(f.Found)
	if f.Want != "" {
		b.WriteString("; want " + f.Want)
	}
	if f.Cure != "" {
		b.WriteString(": " + f.Cure)
	}
	return b.String()
}

// rules say what makes a method of an actor a handler or a lifecycle hook.
var rules = handlers.Rules{
	Context: reflect.TypeFor[Context](),
	Hooks: map[string]reflect.Type{
		"OnStart":    reflect.TypeFor[func(Context) error](),
		"OnStopping": reflect.TypeFor[func(Context) bool](),
		"OnStopped":  reflect.TypeFor[func(Context)](),
	},
	Stems:   []string{"OnStart", "OnStop", "OnFlush"},
	Instead: insteadOf,
}

var typeSpawner = reflect.TypeFor[spawner]()

// insteadOf is what to do with a type of akt, or one that makes actors, which has no handler.
func insteadOf(t reflect.Type) string {
	elem := t
	if t.Kind() == reflect.Pointer {
		elem = t.Elem()
	}
	switch {
	case elem.PkgPath() == thisPackage && elem.Kind() == reflect.Struct:
		return "pass a state of your own, such as &Account{}: this is part of akt itself"
	case elem.Implements(typeSpawner) && elem.Kind() == reflect.Func:
		return "pass the Spawner itself"
	case t.Kind() == reflect.Func && t.NumIn() == 0 && t.NumOut() == 1:
		return fmt.Sprintf("convert the constructor: akt.Spawner[%s](…)", typename.Short(t.Out(0)))
	}
	return ""
}

// scan builds the dispatch table of a type, or says everything that is wrong with it.
func scan(t reflect.Type) (*table, error) {
	methods, faults := rules.Scan(t)
	if len(faults) == 0 {
		return newTable(t, methods), nil
	}
	e := &RegistrationError{Type: t.String(), Faults: make([]Fault, len(faults))}
	for i, f := range faults {
		e.Faults[i] = Fault(f)
	}
	return nil, e
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
			if made := typename.New(t.Elem()); made != "" {
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
			err = withPointerCure(err, "use an akt.Spawner[*"+typename.Short(t)+"]")
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
		err = withPointerCure(err,
			"have the Spawner return "+cmp.Or(typename.New(t), "a pointer to it"))
	}
	return tbl, err
}

// withPointerCure is the error of a type of which something else than a value was passed to Run: it
// has another cure where a pointer is wanted.
func withPointerCure(err error, cure string) error {
	refused, ok := err.(*RegistrationError) //nolint:errorlint // as scan has made it
	if !ok {
		return err
	}
	other := *refused
	other.Faults = slices.Clone(refused.Faults)
	for i := range other.Faults {
		if f := &other.Faults[i]; f.Method == "" && f.Want == handlers.WantPointer {
			f.Cure = cure
		}
	}
	return &other
}

// notRunnable is the error for a value that has no type, or no state, to run.
func notRunnable(typ, found, cure string) error {
	return &RegistrationError{Type: typ, Faults: []Fault{{Type: typ, Found: found, Cure: cure}}}
}

// nilLenders are the embedded fields of a state that bring handlers or hooks and are nil; with a
// method, those that bring it. A state is what the actor has: always a pointer.
func (t *table) nilLenders(state any, method string) (found []handlers.Lender) {
	for _, l := range t.lenders {
		if (method == "" || slices.Contains(l.Methods, method)) && l.IsNil(state) {
			found = append(found, l)
		}
	}
	return found
}

// refuseNil is the error for a state that has nil lenders, before or after its OnStart.
func (t *table) refuseNil(lenders []handlers.Lender, started bool) error {
	e := &RegistrationError{Type: t.typ.String()}
	for _, l := range lenders {
		cure := "set it where the actor is made"
		if l.Type().Kind() == reflect.Pointer {
			if made := typename.New(l.Type().Elem()); made != "" {
				cure += ", to " + made + " for example"
			}
		}
		when := ""
		if started {
			when = " when OnStart has returned"
			if t.typ.Kind() == reflect.Pointer { // else OnStart has a copy
				cure += ", or in OnStart"
			}
		}
		e.Faults = append(e.Faults, Fault{
			Type: typename.Short(typename.Base(t.typ)),
			Found: fmt.Sprintf("the embedded %s (%s), which brings %s, is nil%s",
				l.Name(), typename.Short(l.Type()), words.And(l.Methods), when),
			Want: "a value in it",
			Cure: cure,
		})
	}
	return e
}
