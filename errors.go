package akt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// What a failed send unwraps to, besides its precise cause. Each [SendError] is exactly one of the first two.
var (
	// ErrFailedToDeliver says that the message never entered the mailbox.
	ErrFailedToDeliver = errors.New("akt: failed to deliver")
	// ErrFailedToGetResponse says that the mailbox had accepted the message, and no response came of it.
	ErrFailedToGetResponse = errors.New("akt: failed to get response")

	// ErrStopped says that the actor has stopped, is stopping, or that this address of it was released.
	ErrStopped = errors.New("akt: the actor has stopped")
	// ErrMailboxFull is what TryNotify gets when the public mailbox has no room at this moment.
	ErrMailboxFull = errors.New("akt: the mailbox is full")
	// ErrDeadlock says that the sender would wait for itself, alone or in a ring with others: for a reply, for room in a full mailbox,
	// for an end, or for the Future of a function started with [Go]. The text shows the path. Of a ring one is told, at once: the one
	// whose wait closes it, or, where that cannot be told, as an actor that waits for its children to end, the sender that began to wait
	// last. The others go on.
	//
	// A handler that is told must return before trying again helps, as the others wait for it: so not the handler but who has sent
	// to it tries again, after a pause that grows.
	ErrDeadlock = errors.New("akt: deadlock")
	// ErrNameTaken says that another actor of the system has the name given with [WithName].
	ErrNameTaken = errors.New("akt: the name is taken")
)

// errRefused marks an envelope that waited for room when the mailbox was shut.
var errRefused = errors.New("refused")

var errShutDown = fmt.Errorf("%w: the system was shut down", ErrStopped)

var errNilContext = errors.New("akt: the context is nil; pass context.Background()")

// Handled answers "may I send it again?" for a request that failed.
type Handled uint8

const (
	// MaybeHandled says that the handler was started, and may have had its effect, in part or whole.
	MaybeHandled Handled = iota
	// NotHandled says that the handler was certainly never started: sending the message elsewhere is safe.
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
// It unwraps to ErrFailedToDeliver or ErrFailedToGetResponse, and to the precise cause: an [*UnhandledError], ErrStopped,
// ErrMailboxFull, ErrDeadlock, a [*PanicError], a [*ReplyTypeError], context.Canceled or context.DeadlineExceeded.
// When a handler answers with the SendError of a call it made itself, errors.Is finds the causes of both calls; Handled
// always speaks of this message.
type SendError struct {
	Actor   string  // the actor's name
	Message string  // the message's dynamic type, as %T prints it
	Handled Handled // whether the message may have been handled
	Err     error   // the precise cause

	layer  error  // ErrFailedToDeliver or ErrFailedToGetResponse
	detail string // where the message was: "queued behind 3"
}

func (e *SendError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "akt: %s to %s: %s", e.Message, e.Actor, e.Handled)
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
	causes := make([]error, 0, 2)
	for _, err := range []error{e.layer, e.Err} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// bare is the error's text without the package's prefix, for use inside another text that has it.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "akt: ") }

// PanicError is the failure of a request whose handler panicked, or called runtime.Goexit.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the goroutine's stack at the panic, as runtime/debug.Stack formats it
}

// newPanicError is made of what recover returned, by the deferred function that called it: the stack still shows the panic.
func newPanicError(value any) *PanicError {
	if value == nil {
		value = errGoexit
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

func (e *PanicError) Error() string { return fmt.Sprintf("akt: panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// exited reports whether the goroutine was ended by runtime.Goexit rather than by a panic.
func (e *PanicError) exited() bool { return e.Value == any(errGoexit) }

// errGoexit is the Value of a PanicError where a handler ended its goroutine instead of returning.
var errGoexit = errors.New("runtime.Goexit was called in a handler")

// UnhandledError says that the actor has no handler for a message, what it accepts, and what was probably meant.
type UnhandledError struct {
	Type    string   // the actor's type
	Message string   // the message's type, or the name of a Raw
	Accepts []string // what the actor accepts: message types, sorted by handler name; handler names for a Raw
	Reason  string   // why a message that looks right is refused, such as a nil pointer; empty for the common case
	Hint    string   // the likely cure; may be empty
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

// ReplyTypeError says that the caller of Ask, or of RecipientOf, wanted another type than the handler replies with.
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

// ended is ctx's error, joined with its cause where the two differ.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// ownError makes the handler's error this call's: unchanged, unless it is or wraps the SendError of a call that the handler
// made, whose Handled would speak of another message.
func ownError(err error, a *actor, message func() string) error {
	if !wrapsSendError(err) {
		return err
	}
	return a.unanswered(message(), MaybeHandled, err)
}

// wrapsSendError looks through the handler's error, whose own methods may panic: those of a nil pointer in it do.
func wrapsSendError(err error) (wraps bool) {
	defer func() {
		if recover() != nil {
			wraps = false
		}
	}()
	var inner *SendError
	return errors.As(err, &inner) && inner != nil
}
