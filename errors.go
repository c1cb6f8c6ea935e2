package akt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/aktgo/akt/internal/decode"
	"github.com/aktgo/akt/internal/guard"
)

// What a failed send unwraps to, besides its precise cause. Each [SendError] is exactly one of the
// first two.
var (
	// ErrFailedToDeliver says that the message never entered the mailbox.
	ErrFailedToDeliver = errors.New("akt: failed to deliver")
	// ErrFailedToGetResponse says that the mailbox had accepted the message, and no response came
	// of it.
	ErrFailedToGetResponse = errors.New("akt: failed to get response")

	// ErrStopped says that the actor has stopped, is stopping, that this address of it was
	// released, or that the system shuts down and the call comes from outside: then the text says
	// so. A Promise fails with it when its state has ended.
	ErrStopped = errors.New("akt: the actor has stopped")
	// ErrMailboxFull is what TryNotify gets when the public mailbox has no room at this moment.
	ErrMailboxFull = errors.New("akt: the mailbox is full")
	// ErrDeadlock says that the sender would wait for itself, alone or in a ring with others: for a
	// reply, for room in a full mailbox, for an end, or for the Future of a function started with
	// [Go]. The text shows the path. Of a ring one is told, at once: the one whose wait closes it,
	// or, where that cannot be told, as an actor that waits for its children to end, the sender
	// that began to wait last. The others go on.
	//
	// A handler that is told must return before trying again helps, as the others wait for it: so
	// not the handler but who has sent to it tries again, after a pause that grows.
	ErrDeadlock = errors.New("akt: deadlock")
	// ErrNameTaken says that another actor of the system has the name given with [WithName].
	ErrNameTaken = errors.New("akt: the name is taken")
)

var (
	errShutDown = fmt.Errorf("%w: the system was shut down", ErrStopped)
	errOutside  = fmt.Errorf("%w (inside it, pass the handler's ctx on)", errShutDown)
)

var errNilContext = errors.New("akt: the context is nil; pass context.Background()")

// Handled answers "may I send it again?" for a request that failed.
type Handled uint8

const (
	// MaybeHandled says that the handler was started, and may have had its effect, in part or
	// whole.
	MaybeHandled Handled = iota
	// NotHandled says that the handler was certainly never started: sending the message elsewhere
	// is safe.
	NotHandled
)

// String returns "maybe handled" or "not handled".
func (h Handled) String() string {
	if h == NotHandled {
		return "not handled"
	}
	return "maybe handled"
}

// SendError is every failure of a send that is not the handler's own error.
//
// It unwraps to ErrFailedToDeliver or ErrFailedToGetResponse, and to the precise cause: an
// [*UnhandledError], a [*DecodeError], ErrStopped, ErrMailboxFull, ErrDeadlock, a [*PanicError], a
// [*ReplyTypeError], context.Canceled or context.DeadlineExceeded. When a handler answers with the
// SendError of a call it made itself, errors.Is finds the causes of both calls; Handled always
// speaks of this message.
type SendError struct {
	Actor   string  // the actor's name
	Message string  // the message's dynamic type, as %T prints it
	Handled Handled // whether the message may have been handled
	Err     error   // the precise cause

	raw    string // the name of a Raw, in quotes, as the text shows it
	layer  error  // ErrFailedToDeliver or ErrFailedToGetResponse
	detail string // where the message was: "queued behind 3"
}

func newSendError(actor string, message label, handled Handled, layer, err error) *SendError {
	return &SendError{
		Actor: actor, Message: message.typ, raw: message.raw,
		Handled: handled, Err: err, layer: layer,
	}
}

func (e *SendError) Error() string {
	if e == nil {
		return "akt: a nil SendError"
	}
	var b strings.Builder
	b.WriteString("akt: " + e.Message)
	if e.raw != "" {
		b.WriteString(" " + e.raw)
	}
	fmt.Fprintf(&b, " to %s: %s", e.Actor, e.Handled)
	if e.layer != nil {
		b.WriteString(", " + bare(e.layer))
	}
	if e.detail != "" {
		b.WriteString(", " + e.detail)
	}
	if e.Err != nil {
		b.WriteString(": " + bare(e.Err))
	}
	return b.String()
}

// Unwrap returns the layer that failed and the cause.
func (e *SendError) Unwrap() []error {
	if e == nil {
		return nil
	}
	causes := make([]error, 0, 2)
	for _, err := range []error{e.layer, e.Err} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// label is what a text calls a message: the type that its sender passed, and for a [Raw] the name,
// in quotes.
type label struct{ typ, raw string }

func (l label) String() string { return strings.TrimSuffix(l.typ+" "+l.raw, " ") }

// labelOf is the label of a message as it was sent.
func labelOf(msg any) label {
	l := label{typ: typeName(msg)}
	if raw, ok := rawOf(msg); ok {
		l.raw = decode.Quote(raw.Name)
	}
	return l
}

// bare is the error's text without the package's prefix, for use inside another text that has it.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "akt: ") }

// PanicError is the failure of a request whose handler panicked, or called runtime.Goexit. It is
// also the failure of a hook, of a Spawner and of a function started with [Go].
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the goroutine's stack at the panic, as runtime/debug.Stack formats it
}

// newPanicError is made of what recover returned, by the deferred function that called it: the
// stack still shows the panic.
func newPanicError(value any) *PanicError {
	if value == nil {
		value = errGoexit
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// panicOf is the failure of what was called by package guard.
func panicOf(l guard.Loss) *PanicError {
	if l.Value == nil {
		l.Value = errGoexit
	}
	return &PanicError{Value: l.Value, Stack: l.Stack}
}

func (e *PanicError) Error() string {
	if e == nil {
		return "akt: a nil PanicError"
	}
	return fmt.Sprintf("akt: panic: %v", e.Value)
}

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	if e == nil {
		return nil
	}
	err, _ := e.Value.(error)
	return err
}

// shown is the panic's value as a text. It calls the methods of the user's value.
func (e *PanicError) shown() string { return fmt.Sprint(e.Value) }

// frames are the places that a panic went through, the innermost first, without those of akt and
// of Go itself: what is left is the user's code, from the panic to the handler.
func (e *PanicError) frames() stackFrames {
	_, lines, found := bytes.Cut(e.Stack, []byte("\npanic("))
	if !found {
		_, lines, _ = bytes.Cut(e.Stack, []byte("\nruntime.Goexit("))
	}
	var frames stackFrames
	function := "panic("
	for line := range strings.Lines("panic(" + string(lines)) {
		place, isPlace := strings.CutPrefix(line, "\t")
		switch {
		case !isPlace && (callsHere(line) || strings.HasPrefix(line, "created by ")):
			return frames
		case !isPlace:
			function = strings.TrimSpace(line)
		case isUsers(function, place):
			frames = append(frames, frameOf(function, place))
		}
	}
	return frames
}

// callsHere reports whether a function is the one by which a sender calls a handler: what comes
// below it on the stack is the sender's.
func callsHere(function string) bool {
	return strings.HasPrefix(function, thisPackage+".(*actor).runHere(") ||
		strings.HasPrefix(function, thisPackage+".callHere[")
}

// isUsers reports whether a function with this place is neither Go's machinery nor akt's.
func isUsers(function, place string) bool {
	for _, machinery := range []string{"runtime.", "reflect.", "panic("} {
		if strings.HasPrefix(function, machinery) {
			return false
		}
	}
	file, _, _ := strings.Cut(place, ":")
	rest, ours := strings.CutPrefix(function, thisPackage)
	ours = ours && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/internal/"))
	return !ours || strings.HasSuffix(file, "_test.go")
}

// frameOf is a frame as a person reads it: "bank.(*Account).HandleDeposit (account.go:31)".
func frameOf(function, place string) string {
	if arguments := strings.LastIndexByte(function, '('); arguments > 0 {
		function = function[:arguments]
	}
	place, _, _ = strings.Cut(place, " +0x")
	return path.Base(function) + " (" + path.Base(filepath.ToSlash(strings.TrimSpace(place))) + ")"
}

// stackFrames are a list to a JSON log, and one line to a text log.
type stackFrames []string

func (s stackFrames) String() string { return strings.Join(s, ", ") }

// exited reports whether the goroutine was ended by runtime.Goexit rather than by a panic.
func (e *PanicError) exited() bool { return e.Value == any(errGoexit) }

// errGoexit is the Value of a PanicError where a handler ended its goroutine instead of returning.
var errGoexit = errors.New("runtime.Goexit was called")

// UnhandledError says that the actor has no handler for a message, what it accepts, and what was
// probably meant.
type UnhandledError struct {
	Type    string // the actor's type
	Message string // the message's type, or the name of a Raw
	// Accepts is what the actor accepts: message types, sorted by handler name; for a Raw, the
	// names of handlers.
	Accepts []string
	// Reason is why a message that looks right is refused, such as a nil pointer; it is empty for
	// the common case.
	Reason string
	Hint   string // the likely cure; may be empty
}

func (e *UnhandledError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "akt: %s does not handle %s", e.Type, e.Message)
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if len(e.Accepts) > 0 {
		b.WriteString("; it accepts " + strings.Join(e.Accepts, ", "))
	} else {
		b.WriteString("; it accepts no messages")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// ReplyTypeError says that the caller of Ask, or of RecipientOf, wanted another type than the
// handler replies with.
type ReplyTypeError struct {
	Handler string // such as "bank.Account.HandleDeposit"
	Reply   string // the type the handler replies with
	Want    string // the type the caller asked for
}

func (e *ReplyTypeError) Error() string {
	return fmt.Sprintf("akt: %s replies with %s, not with %s", e.Handler, e.Reply, e.Want)
}

// stoppedError is ErrStopped together with what the actor died of.
type stoppedError struct{ why error }

func (e *stoppedError) Error() string   { return ErrStopped.Error() + ": " + bare(e.why) }
func (e *stoppedError) Unwrap() []error { return []error{ErrStopped, e.why} }

func stopped(why error) error {
	if why == nil {
		return ErrStopped
	}
	return &stoppedError{why}
}

// annotated is an error with what was done when it came. As the text is made when it is read, no
// method of the error within is called before.
type annotated struct {
	text string
	err  error
}

func (e *annotated) Error() string { return "akt: " + e.text + ": " + bare(e.err) }
func (e *annotated) Unwrap() error { return e.err }

// causedError is the error of a context together with its cause.
type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }

// ended is ctx's error, joined with its cause where the two differ.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil: // its Done is closed all the same
		return context.Canceled
	case cause == nil:
		return err
	case reflect.TypeOf(err).Comparable() && err == cause: //nolint:errorlint // one value
		return err
	}
	return &causedError{err, cause}
}

// endedSafely is ended on a goroutine of akt's own: the methods of a user's context are called
// detached.
func endedSafely(ctx context.Context) error {
	err := context.Canceled
	_ = detached(func() { err = ended(ctx) }) // where it fails, err stays as it is
	return err
}

// ownError makes the handler's error this call's: unchanged, unless it is or wraps the SendError of
// a call that the handler made, whose Handled would speak of another message.
func ownError(err error, a *actor, message func() label) error {
	if !wrapsSendError(err) {
		return err
	}
	return a.unanswered(message(), MaybeHandled, err)
}

// detached calls the user's code that akt calls beside handlers and hooks: log handlers,
// dead-letter hooks, Decide, the methods of errors. That may panic, or end its goroutine, and must
// not take the actor's owner with it. It returns how f failed, nil if it returned.
func detached(f func()) *PanicError {
	if l := guard.Detach(f); l != nil {
		return panicOf(*l)
	}
	return nil
}

// standardWrappers are the types of errors of the standard library whose methods do nothing but
// return what they wrap. All others are the user's code.
var standardWrappers = map[reflect.Type]bool{
	reflect.TypeOf(fmt.Errorf("%w", ErrStopped)):                true,
	reflect.TypeOf(fmt.Errorf("%w, %w", ErrStopped, errGoexit)): true,
	reflect.TypeOf(errors.Join(ErrStopped)):                     true,
	reflect.TypeFor[*fs.PathError]():                            true,
	reflect.TypeFor[*strconv.NumError]():                        true,
	reflect.TypeFor[*PanicError]():                              true,
	reflect.TypeFor[*stoppedError]():                            true,
	reflect.TypeFor[*annotated]():                               true,
	reflect.TypeFor[*causedError]():                             true,
	reflect.TypeFor[decodeErrors]():                             true,
}

// mostWrapped is how many errors are looked at in one: an Unwrap may return its own error.
const mostWrapped = 1000

// wrapsSendError reports whether an error is, or wraps, the SendError of some call. The methods of
// the user's errors are called detached; most errors have none of those.
func wrapsSendError(err error) bool {
	s := errorSearch{left: mostWrapped}
	if found := s.in(err); found || !s.foreign {
		return found
	}
	s = errorSearch{left: mostWrapped, detached: true}
	found := false
	_ = detached(func() { found = s.in(err) }) // where it fails, nothing was found
	return found
}

// errorSearch looks for a SendError in an error.
type errorSearch struct {
	detached bool // the methods of the user's errors may be called
	foreign  bool // there was one whose methods were not
	left     int  // how many errors it still looks at
}

func (s *errorSearch) in(err error) bool {
	if s.left--; err == nil || s.left < 0 || isNil(err) {
		return false
	}
	if _, ok := err.(*SendError); ok { //nolint:errorlint // what it wraps comes below
		return true
	}
	if !standardWrappers[reflect.TypeOf(err)] && !s.mayCall(err) {
		return false
	}
	if as, ok := err.(interface{ As(any) bool }); ok {
		if inner := (*SendError)(nil); as.As(&inner) && inner != nil {
			return true
		}
	}
	switch e := err.(type) { //nolint:errorlint // the walk itself
	case interface{ Unwrap() error }:
		return s.in(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if s.in(inner) {
				return true
			}
		}
	}
	return false
}

// mayCall reports whether the methods of a user's error are to be called, if it has any.
func (s *errorSearch) mayCall(err error) bool {
	switch err.(type) { //nolint:errorlint // of what methods the error itself has
	case interface{ As(any) bool }, interface{ Unwrap() error }, interface{ Unwrap() []error }:
		s.foreign = s.foreign || !s.detached
		return s.detached
	}
	return false
}

// isNil reports whether an error is a nil pointer, whose methods may not look at it.
func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// undelivered is the error for a message that never entered the mailbox.
func (a *actor) undelivered(message label, err error) *SendError {
	return newSendError(a.name(), message, NotHandled, ErrFailedToDeliver, err)
}

// unanswered is the error for a request that was accepted and got no answer.
func (a *actor) unanswered(message label, handled Handled, err error) *SendError {
	return newSendError(a.name(), message, handled, ErrFailedToGetResponse, err)
}

// gone is the cause of a failed send to an actor that takes nothing more.
func (a *actor) gone() error { return stopped(a.err()) }
