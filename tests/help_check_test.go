package tests_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// These helpers check what is common to many tests, or make it happen.

// requireSendError checks what every failed send says: whether the message was handled, the layer
// and the cause.
func requireSendError(
	t *testing.T, err error, handled akt.Handled, causes ...error,
) *akt.SendError {
	t.Helper()
	var failure *akt.SendError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, handled, failure.Handled, "%v", err)
	for _, cause := range causes {
		require.ErrorIs(t, err, cause)
	}
	return failure
}

// trying calls f on a goroutine of its own, whatever becomes of that.
func trying(f func()) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() { _ = recover() }()
		f()
	}()
	return over
}

// ended is a ctx that has.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// starts are the contexts that a chain of requests may begin with: queued and inline.
func starts(t *testing.T) map[string]context.Context {
	t.Helper()
	return map[string]context.Context{"queued": t.Context(), "inline": context.Background()}
}

// byMessage decides by the message that failed: Stop for a Stray, Restart for all others.
func byMessage(f akt.Failure) akt.Directive {
	if _, ok := f.Msg.(Stray); ok {
		return akt.Stop
	}
	return akt.Restart
}

// requireRefused checks that an actor can be neither run nor described, and the text of the reason.
func requireRefused(t *testing.T, actor any, text string) {
	t.Helper()
	addr, err := akt.NewSystem().Run(actor)
	require.Nil(t, addr)
	require.EqualError(t, err, text)
	var refused *akt.RegistrationError
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Faults, strings.Count(text, "\n")+1)

	description, err := akt.Describe(actor)
	require.EqualError(t, err, text)
	require.Zero(t, description)
	require.Panics(t, func() { akt.MustRun(actor) })
}

// placeOf returns "file.go:31" for the one line of a file of this package that starts with a
// declaration.
func placeOf(t *testing.T, file, declaration string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	place := ""
	for i, line := range strings.Split(string(source), "\n") {
		if strings.HasPrefix(line, declaration) {
			require.Empty(t, place, "%q is declared twice in %s", declaration, file)
			place = fmt.Sprintf("%s:%d", file, i+1)
		}
	}
	require.NotEmpty(t, place, "%q is not declared in %s", declaration, file)
	return place
}

// goroutine names the goroutine that calls it.
func goroutine() string {
	var header [64]byte
	text := string(header[:runtime.Stack(header[:], false)])
	name, _, _ := strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	return name
}

// goroutinesOfBubble counts the goroutines of the bubble it is called in, once all others are
// blocked: one that allocates may have to help the garbage collector, and belongs to no bubble
// meanwhile (runtime.gcAssistAlloc).
func goroutinesOfBubble(t *testing.T) int {
	t.Helper()
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	n := runtime.Stack(stacks, true)
	for n == len(stacks) { // there are more, of tests that run in parallel
		stacks = make([]byte, 2*len(stacks))
		n = runtime.Stack(stacks, true)
	}
	stacks = stacks[:n]
	own, _, _ := bytes.Cut(stacks, []byte("\n")) // the caller's comes first
	_, bubble, ok := strings.Cut(string(own), "synctest bubble ")
	require.True(t, ok, "not in a bubble: %s", own)
	bubble = strings.TrimRight(bubble, "]:")
	n = 0
	for line := range strings.Lines(string(stacks)) {
		if strings.HasPrefix(line, "goroutine ") &&
			strings.Contains(line, "synctest bubble "+bubble+"]") {
			n++
		}
	}
	require.Positive(t, n)
	return n
}

// forget runs an actor and forgets its address. The counter tells when the actor has ended.
//
//go:noinline
func forget(t *testing.T, ended *atomic.Int32, opts ...akt.Option) *akt.WeakAddress {
	t.Helper()
	addr, err := akt.Run(&doll{onStopped: func(akt.Context) { ended.Add(1) }}, opts...)
	require.NoError(t, err)
	return addr.Downgrade()
}

// collect lets the garbage collector work until the counter has reached n. It does not wait for
// ever.
func collect(t *testing.T, ended *atomic.Int32, n int32) {
	t.Helper()
	for range 500 {
		runtime.GC()
		if ended.Load() >= n {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("%d of %d actors have ended", ended.Load(), n)
}

// end stops an actor of the default system through a weak address, and waits for its end.
func end(t *testing.T, weak *akt.WeakAddress) {
	t.Helper()
	addr, ok := weak.Upgrade()
	require.True(t, ok)
	addr.Stop()
	<-addr.Done()
}
