package akt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aktgo/akt/internal/bubble"
	"github.com/aktgo/akt/internal/decode"
	"github.com/aktgo/akt/internal/guard"
	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/names"
	"github.com/aktgo/akt/internal/waitgraph"
)

// System is a group of actors that start, are found and are shut down together. [Run] uses
// [Default].
type System struct {
	defaults    []Option
	deadLetters func(DeadLetter)

	closing atomic.Bool   // Shutdown was called
	life    lifetime.Life // ends when the patience of Shutdown does: see usableLife

	mu        sync.Mutex
	draining  *draining                     // made by Shutdown
	functions map[link]int                  // of Go, those that run, by the run they belong to
	names     names.Book[*actor, *creation] // all actors; a name is claimed by LookupOrRun
	alive     int                           // actors whose end is not known to everybody yet
	ending    bool                          // Shutdown ends all: only children are run any more

	registered map[string]func() any
}

var defaultSystem = NewSystem()

// Default returns the system that Run uses. Once shut down it runs nothing more: tests and
// libraries should use NewSystem. Only there does the garbage collector release the addresses of
// unnamed actors without a parent that nobody has any more.
func Default() *System { return defaultSystem }

// SystemOption changes how a system works. Its String says what it does.
type SystemOption interface {
	fmt.Stringer
	applySystem(*System)
}

type systemOption struct {
	text string
	set  func(*System)
}

func (o systemOption) String() string        { return o.text }
func (o systemOption) applySystem(s *System) { o.set(s) }

// NewSystem makes a system of its own, apart from Default. It starts no goroutine. An actor of it
// whose addresses were all forgotten, not released, lives until Shutdown.
func NewSystem(opts ...SystemOption) *System {
	s := &System{}
	for _, o := range opts {
		if o != nil {
			o.applySystem(s)
		}
	}
	return s
}

// WithDefaults has options applied to every actor of the system. An actor's own options win, but
// for interceptors, which add up: see [WithInterceptor]. A system's logger is a default too:
//
//	akt.NewSystem(akt.WithDefaults(akt.WithLogger(logger)))
func WithDefaults(opts ...Option) SystemOption {
	return systemOption{fmt.Sprintf("WithDefaults%v", opts),
		func(s *System) { s.defaults = append(s.defaults, opts...) }}
}

// DeadLetter is a message that nobody will answer for: a notification whose handling failed, or
// whose Future did, and one that was accepted and never handled; messages of timers and functions
// of Do included.
type DeadLetter struct {
	Actor   string // the actor's name
	Message string // the message's type, as %T prints it
	Msg     any
	Err     error // why
}

// WithDeadLetters has f called for every dead letter of the system's actors, besides the log. The
// actor waits for it, so it should not block; a panic in it is logged.
func WithDeadLetters(f func(DeadLetter)) SystemOption {
	return systemOption{"WithDeadLetters", func(s *System) { s.deadLetters = f }}
}

// deadLetter reports a dead letter to the hook. Where there is no message, as an interval's
// function has failed, there is no letter.
func (s *System) deadLetter(a *actor, msg any, err error) {
	if s.deadLetters == nil || msg == nil {
		return
	}
	failure := detached(func() { s.deadLetters(DeadLetter{a.name(), typeName(msg), msg, err}) })
	if failure != nil {
		a.logPanic("the dead-letter hook", failure)
	}
}

// Run runs an actor in this system, as [Run] does in Default. A name in use is ErrNameTaken; once
// Shutdown was called it fails with ErrStopped, as it has no ctx that could tell that it comes from
// inside. [Context.Run] and [System.LookupOrRun] have.
func (s *System) Run(actor any, opts ...Option) (*Address, error) {
	return s.run(context.Background(), actor, nil, opts)
}

// Lookup finds an actor by the name it was given, and returns a new strong reference to it, to be
// released on its own. An actor that is stopping is not found.
func (s *System) Lookup(name string) (*Address, bool) {
	s.mu.Lock()
	a := s.names.Find(name)
	s.mu.Unlock()
	if a == nil {
		return nil, false
	}
	return (*WeakAddress)(a).Upgrade()
}

// creation is the run of a named actor by LookupOrRun. While it lasts it has the name.
type creation struct {
	over  chan struct{} // closed when the actor runs, or could not be run
	known chan struct{} // closed when there is an actor, before its OnStart is called
	actor *actor
	past  atomic.Bool // OnStart has returned
}

// isRun notes the actor, before its OnStart is called. Those who ask for the name wait for that.
func (c *creation) isRun(a *actor) {
	c.actor = a
	close(c.known)
}

// startWait is the message of who waits for a creation: as long as OnStart is called.
type startWait struct {
	*waitgraph.Alarm
	creation *creation
}

// Held reports whether the OnStart that is waited for has not returned.
func (w startWait) Held(waitgraph.Node) bool { return !w.creation.past.Load() }

// await waits until a creation is over.
func (c *creation) await(ctx context.Context, patience <-chan struct{}) error {
	select {
	case <-c.known:
	case <-c.over: // it has failed before
		return nil
	case <-ctx.Done():
		return ended(ctx)
	case <-patience:
		return errShutDown
	}
	alarm := waitgraph.NewAlarm()
	return await(ctx, c.over, patience, (*waiter)(c.actor), startWait{alarm, c}, alarm)
}

// LookupOrRun finds the actor of a name, or runs a new one under it: there is never more than one,
// however many ask at a time. loaded reports whether it was found. The address is a new strong
// reference, as [System.Lookup] returns it.
//
// newActor makes what is run: an actor, or a [Spawner] of it. It is called at most once for each
// actor that is run. Who asks for the same name meanwhile waits until OnStart has returned; other
// names are not held up. Where running fails, only the caller whose newActor was called gets the
// error; those who wait try again, one after the other. An actor that is stopping is waited for,
// and followed by a new one; once Shutdown was called, who asks from outside gets ErrStopped.
//
// The options are those of a new actor; one that was found keeps its own. WithName may be left out,
// or has to give the same name, and WithSystem the same system. newActor must not be nil, nor
// return nil.
//
// ctx says how long to wait, and whether the call comes from inside a system that shuts down;
// OnStart of a new actor has its values, and ends with it. A handler that would wait for itself, as
// it asks for an actor that waits for it, gets ErrDeadlock. newActor has no ctx, and must not ask
// for the actor's own name.
func (s *System) LookupOrRun(
	ctx context.Context, name string, newActor func() any, opts ...Option,
) (a *Address, loaded bool, err error) {
	if err := s.mayCreate(ctx, name, newActor, opts); err != nil {
		return nil, false, err
	}
	for {
		here, claim, mine := s.claim(name)
		switch {
		case mine:
			a, err = s.create(ctx, name, claim, newActor, opts)
			return a, false, err
		case here == nil:
			err = claim.await(ctx, s.patience())
		default:
			if a, loaded = here.refer(); loaded {
				return a, true, nil
			}
			err = here.awaitEnd(ctx, s.patience())
		}
		if err != nil {
			return nil, false, &annotated{"LookupOrRun(" + decode.Quote(name) + ")", err}
		}
	}
}

// mayCreate says what is wrong with the arguments of LookupOrRun.
func (s *System) mayCreate(
	ctx context.Context, name string, newActor func() any, opts []Option,
) error {
	switch {
	case ctx == nil:
		return errNilContext
	case s.refuses(ctx):
		return errOutside
	case name == "":
		return errors.New("akt: LookupOrRun: the name is empty")
	case newActor == nil:
		return fmt.Errorf("akt: LookupOrRun(%q): newActor is nil", name)
	}
	c, err := configure(nil, opts)
	switch {
	case err != nil:
		return err
	case c.named() && c.own.Given != name:
		return fmt.Errorf("akt: LookupOrRun(%q): WithName(%q) gives another name; leave it out",
			name, c.own.Given)
	case systemOf(opts, s) != s:
		return fmt.Errorf("akt: LookupOrRun(%q): WithSystem gives another system; leave it out",
			name)
	}
	return nil
}

// claim looks for the actor of a name. If there is none, the name is the caller's to run one, or
// there is somebody to wait for who does.
func (s *System) claim(name string) (here *actor, c *creation, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.names.Claimed(name); c != nil {
		return nil, c, false
	}
	if a := s.names.Find(name); a != nil {
		return a, nil, false
	}
	c = &creation{over: make(chan struct{}), known: make(chan struct{})}
	s.names.Claim(name, c)
	return nil, c, true
}

// create runs a new actor under a name that was claimed. The claim ends however that ends, by a
// panic or Goexit too.
func (s *System) create(
	ctx context.Context, name string, claim *creation, newActor func() any, opts []Option,
) (*Address, error) {
	defer func() {
		s.mu.Lock()
		s.names.Unclaim(name, claim)
		s.mu.Unlock()
		close(claim.over)
	}()
	var actor any
	err := ctx.Err()
	if err != nil {
		err = ended(ctx)
	} else {
		actor, err = made(newActor)
	}
	if err == nil && actor == nil {
		err = errors.New("akt: newActor returned nil")
	}
	if err != nil {
		return nil, &annotated{"LookupOrRun(" + decode.Quote(name) + ")", err}
	}
	opts = append(slices.Clone(opts), WithName(name),
		optionOf("", func(c *config) error { c.claim = claim; return nil }))
	return s.run(ctx, actor, nil, opts)
}

// made calls newActor. A panic is an error, as that of a Spawner is.
func made(newActor func() any) (actor any, err error) {
	guard.Catch(func() { actor = newActor() }, func(l guard.Loss) { err = panicOf(l) })
	return actor, err
}

// Register names a kind of actor for [System.Spawn]. newActor makes a fresh one: a pointer to a
// struct, a struct, or a [Spawner] of those. A kind is registered once, and for good; it must not
// be empty, nor newActor nil.
func (s *System) Register(kind string, newActor func() any) error {
	switch {
	case kind == "":
		return errors.New("akt: Register: the kind is empty")
	case newActor == nil:
		return fmt.Errorf("akt: Register(%q): newActor is nil", kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.registered[kind] != nil {
		return fmt.Errorf("akt: Register(%q): the kind is registered already", kind)
	}
	if s.registered == nil {
		s.registered = map[string]func() any{}
	}
	s.registered[kind] = newActor
	return nil
}

// Spawn runs an actor of a kind that was registered, with these fields set on it before OnStart:
// strictly, by the rules of [Raw].
//
// They are merged into what newActor made, as encoding/json merges: fields that are left out keep
// what they hold, in structs within structs, behind pointers and in arrays too; a map keeps the
// entries that are not named; a list is replaced as a whole, and so is a map's entry. What
// newActor's actor refers to is not written to: a struct behind a pointer, or a map, is replaced by
// a copy with the changes, so that defaults may be shared by all actors of a kind.
//
// Where newActor makes a [Spawner], every state gets the fields, after a restart too, as they were
// when Spawn was called.
//
// An unknown kind is an error that lists those there are; for a field that cannot be set there is a
// [*DecodeError], which names the field and never the value. Then nothing was run, and nothing of
// what newActor made was changed. All other errors are those of [System.Run].
func (s *System) Spawn(kind string, fields map[string]any, opts ...Option) (*Address, error) {
	newActor, err := s.kind(kind)
	if err != nil {
		return nil, err
	}
	actor, err := made(newActor)
	if err == nil {
		actor, err = withFields(actor, fields)
	}
	if err != nil {
		return nil, &annotated{"Spawn(" + decode.Quote(kind) + ")", err}
	}
	return s.Run(actor, opts...)
}

// kind finds what makes the actors of a kind.
func (s *System) kind(kind string) (func() any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.registered[kind]; f != nil {
		return f, nil
	}
	var kinds []string
	for k := range s.registered {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	text := "no kind is registered"
	if len(kinds) > 0 {
		text = fmt.Sprintf("the kinds are %q", kinds)
		text = strings.NewReplacer("[", "", "]", "", `" "`, `", "`).Replace(text)
	}
	if hint := didYouMean(kind, kinds); hint != "" {
		text += "; " + hint
	}
	return nil, fmt.Errorf("akt: Spawn(%s): there is no such kind; %s", decode.Quote(kind), text)
}

// withFields sets fields on what newActor made.
func withFields(actor any, fields map[string]any) (any, error) {
	sp, spawned := asSpawner(actor)
	if !spawned {
		return setFields(actor, fields)
	}
	if sp.isNil() {
		return nil, errors.New("akt: newActor returned a nil Spawner")
	}
	first, err := spawnState(sp, nil)
	if err == nil {
		first, err = setFields(first, fields)
	}
	if err != nil {
		return nil, err
	}
	fields, err = messages.Clone(fields) // the caller may change them before a restart
	return &fieldSpawner{sp, fields, first}, decodeError(err)
}

// setFields sets fields on a state that is a struct or points to one.
func setFields(state any, fields map[string]any) (any, error) {
	v := reflect.ValueOf(state)
	switch {
	case v.Kind() == reflect.Struct:
		target := behindPointer(v)
		err := messages.Into(fields, target)
		return reflect.ValueOf(target).Elem().Interface(), decodeError(err)
	case v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct:
		return state, decodeError(messages.Into(fields, state))
	}
	return nil, fmt.Errorf("akt: newActor made a %T, which has no fields; "+
		"have it return a pointer to a struct, such as &Account{}", state)
}

// fieldSpawner is a Spawner whose states get fields.
type fieldSpawner struct {
	spawner
	fields map[string]any
	first  any // made ahead, to see that the fields fit; used by the first call of spawn
}

func (f *fieldSpawner) spawn() any {
	if first := f.first; first != nil {
		f.first = nil
		return first
	}
	state, err := setFields(f.spawner.spawn(), f.fields)
	if err != nil {
		panic(err) // spawnState makes it an error
	}
	return state
}

// add enters a new actor, and gives it to its parent. from is the ctx that it is run with.
func (s *System) add(from context.Context, a, parent *actor) error {
	c := a.config
	closing := s.closing.Load()
	if closing && s.refuses(from) {
		return errOutside
	}
	s.mu.Lock()
	if s.closing.Load() && !closing { // since it was asked
		s.mu.Unlock()
		return s.add(from, a, parent)
	}
	if s.ending && parent == nil { // Shutdown would not end it
		s.mu.Unlock()
		return errShutDown
	}
	if s.life.Over() { // what is run now is not among those that Shutdown has stopped
		s.mu.Unlock()
		return errShutDown
	}
	given := s.names.Give(a, c.claim)
	if given {
		s.alive++
		if c.claim != nil {
			c.claim.isRun(a)
		}
	}
	if given && closing {
		a.box.Guard()
		s.draining.add(a)
	}
	s.mu.Unlock()
	if !given {
		return fmt.Errorf("%w: %q", ErrNameTaken, a.name())
	}
	if c.named() || parent != nil {
		a.refs.Add(1) // held by the system, or by the parent
	}
	if parent != nil {
		by, _ := from.(Context)
		if err := parent.adopt(a, by); err != nil {
			a.abortStart(nil)
			return err
		}
	}
	return nil
}

// remove forgets an actor that has ended: its name is free.
func (s *System) remove(a *actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names.Free(a)
	if s.draining != nil {
		s.draining.forget(a)
	}
}

// bury notes that an actor has ended and everybody knows.
func (s *System) bury() {
	s.mu.Lock()
	s.alive--
	s.mu.Unlock()
	s.note()
}

// usableLife is what ends when the patience of Shutdown does. What is made in a testing/synctest
// bubble must not be used outside, so there the default system, which all share, has none.
func (s *System) usableLife() *lifetime.Life {
	if s == defaultSystem && bubble.Inside() {
		return nil
	}
	return &s.life
}

// patience is closed when that of Shutdown ends; nil where there is no such end.
func (s *System) patience() <-chan struct{} {
	if life := s.usableLife(); life != nil {
		return life.Context().Done()
	}
	return nil
}
