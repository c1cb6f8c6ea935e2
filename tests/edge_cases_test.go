package tests_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// E2: while the message of an interval is handled, the text names its handler.
func TestHandlerOfAnIntervalIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &doll{})
		contextOf(t, addr).Private().NotifyInterval(func() any {
			return deed(func(akt.Context) { time.Sleep(time.Minute) })
		}, time.Hour)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := addr.Send(ctx, deed(func(akt.Context) {}))
		require.ErrorContains(t, err, "queued behind 0 while HandleAct ran")
	})
}

// Shutdown, step 2: what a handler that is running sends within the system is still accepted.
func TestShutdownAcceptsFromInside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		a, err := system.Run(&doll{})
		require.NoError(t, err)
		b, err := system.Run(&doll{})
		require.NoError(t, err)
		sent := make(chan error, 1)
		go func() {
			_, _ = a.Send(context.Background(), deed(func(ctx akt.Context) {
				time.Sleep(time.Second)
				_, err := b.Send(ctx, deed(func(akt.Context) {}))
				sent <- err
			}))
		}()
		synctest.Wait()
		shutDown(t, system)
		require.NoError(t, <-sent)
	})
}

// Shutdown counts functions started with Go: it waits for them.
func TestShutdownWaitsForGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		addr, err := system.Run(&doll{})
		require.NoError(t, err)
		var returned atomic.Bool
		_, err = addr.Send(context.Background(), deed(func(ctx akt.Context) {
			akt.Go(ctx, func(context.Context) (any, error) {
				time.Sleep(time.Hour)
				returned.Store(true)
				return nil, nil
			})
		}))
		require.NoError(t, err)
		shutDown(t, system)
		waited := returned.Load()
		time.Sleep(2 * time.Hour)
		require.True(t, waited)
	})
}

type (
	edgeMsg   struct{}
	edgeLines struct{}
)

func (edgeLines) HandleMsg(
	akt.Context,
	edgeMsg,
) {
}

func (*edgeLines) HandleOther(akt.Context, shapeReply) int {

	return 5
}

// H3: the line of a short handler, which the compiler gives no prologue, is that of its declaration, not that of its first
// statement.
func TestLineOfShortHandler(t *testing.T) {
	t.Parallel()
	description, err := akt.Describe(&edgeLines{})
	require.NoError(t, err)
	for i, declaration := range []string{"func (edgeLines) HandleMsg(", "func (*edgeLines) HandleOther("} {
		h := description.Handlers[i]
		require.Equal(t, placeOf(t, "edge_cases_test.go", declaration), fmt.Sprintf("%s:%d", filepath.Base(h.File), h.Line))
	}
}

type edgeBound struct{}

func (*edgeBound) HandleMsg(akt.Context, edgeMsg) (int, error) { return 7, nil }

// HandleMsg is no method, only of the same name as one.
func HandleMsg(*edgeBound, akt.Context, edgeMsg) (string, error) { return "a function", nil }

// H8: a function that only has the name of a handler is refused, and changes nothing.
func TestBindOfFunctionWithAHandlersName(t *testing.T) {
	t.Parallel()
	err := akt.Bind(HandleMsg)
	reply, sendErr := run(t, &edgeBound{}).Send(t.Context(), edgeMsg{})
	require.NoError(t, sendErr)
	require.Equal(t, 7, reply)
	require.Error(t, err)
}

type edgeGeneric[T any] struct{ made T }

func (g *edgeGeneric[T]) HandleMsg(akt.Context, edgeMsg) (T, error) { return g.made, nil }

func edgeBind[T any]() error { return akt.Bind((*edgeGeneric[T]).HandleMsg) }

// H8: a method expression of a generic type can be bound in a generic function.
func TestBindInGenericFunction(t *testing.T) {
	t.Parallel()
	require.NoError(t, edgeBind[string]())
}

type edgeRaw struct{}

func (edgeRaw) HandleRaw(_ akt.Context, m *akt.Raw) string   { return "raw " + m.Name }
func (edgeRaw) HandleDeposit(akt.Context, RawDeposit) string { return "deposit" }

// H5: a Raw goes to a handler of *Raw, as a value does to a handler of its pointer.
func TestRawForAHandlerOfItsPointer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Unknown", "Raw", "Deposit"} {
		reply, err := run(t, edgeRaw{}).Send(t.Context(), akt.Raw{Name: name})
		require.NoError(t, err)
		require.Equal(t, "raw "+name, reply)
	}
}

type edgeNoFuture struct{}

func (edgeNoFuture) HandleMsg(akt.Context, edgeMsg) (*akt.Future[uint32], error) { return nil, nil }

// Ask: a nil Future has no value, which is an error, and not a reply of zero.
func TestNilFuture(t *testing.T) {
	t.Parallel()
	reply, err := akt.Ask[uint32](t.Context(), run(t, edgeNoFuture{}), edgeMsg{})
	require.Zero(t, reply)
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, akt.MaybeHandled, failed.Handled)
}

// Ask: a stranger's nil Future is an error, and not a panic.
func TestNilFutureOfStranger(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		_, err := akt.Ask[uint32](t.Context(), askFixed{(*akt.Future[uint32])(nil), nil}, edgeMsg{})
		require.Error(t, err)
	})
}

// E2: the end of ctx while a stranger's deferred reply is waited for is a SendError, as it is for an akt address.
func TestStrangersDeferredReply(t *testing.T) {
	t.Parallel()
	_, future := akt.NewPromise[uint32](context.Background())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := akt.Ask[uint32](ctx, askFixed{future, nil}, edgeMsg{})
	require.ErrorIs(t, err, context.Canceled)
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, akt.MaybeHandled, failed.Handled)
	require.ErrorIs(t, err, akt.ErrFailedToGetResponse)
}

// Recipient: one of Raw can be made where Ask can send a Raw; its name decides.
func TestRecipientOfRaw(t *testing.T) {
	t.Parallel()
	addr := run(t, &rawAccount{})
	raw := akt.Raw{Name: "Deposit", Fields: map[string]any{"amount": 20}}
	_, err := akt.Ask[uint8](t.Context(), addr, raw)
	require.NoError(t, err)
	recipient, err := akt.RecipientOf[akt.Raw, uint8](addr)
	require.NoError(t, err)
	reply, err := recipient.Send(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, uint8(40), reply)
}

// Ask: that a type does not implement the interface which the handler replies with is a mismatch that the table can see.
func TestMismatchWithInterfaceReply(t *testing.T) {
	t.Parallel()
	actor := &askActor{}
	_, err := akt.Ask[int](t.Context(), run(t, actor), askStringer{askName("eight")})
	var failed *akt.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, akt.NotHandled, failed.Handled)
	require.Zero(t, actor.handled.Load())
}

// Run: a Spawner that panics is an error, whatever its type says of what it makes; and it is asked once for each actor.
func TestSpawnerOfAny(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		_, err := akt.NewSystem().Run(akt.Spawner[any](func() any { panic("oh") }))
		require.Error(t, err)
	})
	made := 0
	run(t, akt.Spawner[any](func() any { made++; return &askActor{} }))
	require.Equal(t, 1, made)
}

type (
	edgeBase     struct{}
	edgeInherits struct {
		edgeBase
		byValue
	}
)

func (edgeBase) OnStart(akt.Context) {}

// H3: a promoted hook of the wrong signature that takes an akt.Context is meant as a hook, and never skipped in silence.
func TestPromotedHookOfWrongSignature(t *testing.T) {
	t.Parallel()
	_, err := akt.Describe(edgeInherits{})
	require.Error(t, err)
}

// Ask: any means the value of a Future that a handler of any replies with, the first time and every time after it.
func TestAnyOfAFutureBehindAny(t *testing.T) {
	t.Parallel()
	addr := run(t, &askActor{})
	for range 2 {
		got, err := akt.Ask[any](context.Background(), addr, askWhat{askSettled[uint32](8, nil)})
		require.NoError(t, err)
		require.Equal(t, uint32(8), got)
	}
}
