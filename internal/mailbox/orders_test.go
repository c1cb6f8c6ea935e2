package mailbox

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// In-Order: orders come before private messages, and these before public ones; the drain is last.
func TestOrderOfTasks(t *testing.T) {
	t.Parallel()
	h := ownedHost(10)
	var order []string
	say := func(what string) func(uint64) {
		return func(uint64) { order = append(order, what) }
	}
	h.notify(Public, say("public 1"))
	h.notify(Private, say("private 1"))
	h.notify(Public, say("public 2"))
	h.notify(Private, say("private 2"))
	for _, o := range []Orders{OrderTell, OrderFail, OrderRenew, OrderDrain | OrderNotice} {
		require.False(t, h.box.Order(h, o), "the caller is the owner")
	}
	require.True(t, h.box.IsOrdered(OrderNotice))
	require.False(t, h.box.Order(h, OrderDrain), "it drains already")
	require.Equal(t, Shut, h.notify(Private, nothing))
	h.work()
	require.Equal(t, []Task{Renew, Fail, Tell, Finish}, h.tasks)
	require.Equal(t, []string{"private 1", "private 2", "public 1", "public 2"}, order)
	require.Empty(t, h.left)
}

// A stop comes before all messages, and what was queued is left.
func TestStopLeavesWhatWasQueued(t *testing.T) {
	t.Parallel()
	h := ownedHost(1)
	e := notice(nothing)
	h.notify(Public, nothing)
	e.Park()
	a, _ := h.box.Push(h, e, Public, true)
	require.Equal(t, MustWait, a)
	h.notify(Private, nothing)
	h.box.Order(h, OrderStop)
	h.box.Lock()
	require.False(t, h.box.Cancel(OrderTell))
	require.True(t, h.box.Cancel(OrderStop))
	h.box.Unlock()
	require.False(t, h.box.TryIdle())
	h.box.Order(h, OrderStop)
	h.work()
	require.Equal(t, []Task{Stop}, h.tasks)
	require.Len(t, h.left, 2)
	_, err := e.Result()
	require.Equal(t, ErrRefused, err)
	<-e.Ready()
}

// Suspended: an actor rests where it may wait, but not where it drains and has nothing to do, or is
// in a hurry; and whoever ends the rest owns it.
func TestSuspend(t *testing.T) {
	t.Parallel()
	type given struct{ wait, hurry, queued, drains, told bool }
	type want struct{ rests, renewed, idle bool }
	for _, row := range []struct {
		name string
		given
		want
	}{
		{"at once", given{}, want{renewed: true}},
		{"with time", given{wait: true}, want{rests: true, renewed: true, idle: true}},
		{
			"with time, in a hurry", given{wait: true, hurry: true},
			want{rests: true, renewed: true, idle: true},
		},
		{"with a message queued", given{wait: true, queued: true}, want{rests: true, renewed: true}},
		{"with another order", given{wait: true, told: true}, want{rests: true, renewed: true}},
		{
			"draining a message",
			given{wait: true, queued: true, drains: true}, want{rests: true, renewed: true},
		},
		{
			"draining in a hurry",
			given{wait: true, hurry: true, queued: true, drains: true}, want{renewed: true},
		},
		{"draining nothing", given{wait: true, drains: true}, want{}},
		{"draining nothing at once", given{drains: true}, want{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := ownedHost(10)
			if row.queued {
				h.notify(Public, nothing)
			}
			if row.drains {
				h.box.Order(h, OrderDrain)
			}
			if row.told {
				h.box.Order(h, OrderTell)
			}
			h.box.Lock()
			suspended := h.box.Suspend(row.wait, row.hurry)
			h.box.Unlock()
			require.Equal(t, row.rests, suspended)
			require.Equal(t, row.rests, h.box.Word().IsSuspended())
			require.Equal(t, row.idle, h.box.Word().IsIdle())
			require.Equal(t, row.renewed, h.box.IsOrdered(OrderRenew))
			_, taken := h.box.Take(handlerOfAll)
			require.False(t, taken, "it has no state")
			h.box.Lock()
			require.Equal(t, row.rests, h.box.ResumeAndUnlock())
			h.box.Lock()
			require.False(t, h.box.ResumeAndUnlock(), "it is over")
			if !row.drains {
				h.box.Order(h, OrderStop)
			}
			h.work()
			<-h.ended
			require.Equal(t, row.renewed, h.tasks[0] == Renew)
		})
	}
}

// Suspended: an actor that rests is idle again when what was queued is withdrawn, and an order to
// tell, which is for a state, does not wake it up.
func TestRestIsIdleAgain(t *testing.T) {
	t.Parallel()
	withdraw := func(h *host, e *Envelope) { h.box.Withdraw(e) }
	for name, row := range map[string]struct {
		in       Lane
		withdraw func(h *host, e *Envelope)
	}{
		"withdrawn from the public lane":  {Public, withdraw},
		"withdrawn from the private lane": {Private, withdraw},
		"removed from the private lane": {Private, func(h *host, e *Envelope) {
			h.box.Lock()
			defer h.box.Unlock()
			require.True(t, h.box.Remove(e))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := ownedHost(10)
			h.box.Lock()
			require.True(t, h.box.Suspend(true, false))
			h.box.Unlock()
			e := notice(nothing)
			require.Equal(t, Accepted, pushed(t, h, e, row.in))
			require.False(t, h.box.Word().IsIdle())
			h.box.Order(h, OrderTell)
			row.withdraw(h, e)
			require.True(t, h.box.Word().IsIdle())
			require.False(t, h.box.IsOrdered(OrderTell))

			require.Equal(t, Accepted, pushed(t, h, notice(nothing), row.in))
			require.False(t, h.box.Word().IsIdle(), "it is awake for the next one")
			h.box.Order(h, OrderDrain)
			inTime(t, h.ended, "it rests for ever", 0)
			require.Equal(t, 1, h.handled)
		})
	}
}

// pushed pushes an envelope into a mailbox whose actor is not idle.
func pushed(t *testing.T, h *host, e *Envelope, into Lane) Admission {
	t.Helper()
	a, started := h.box.Push(h, e, into, false)
	require.False(t, started)
	return a
}

// Suspended: who orders to drain ends the rest, and who shuts off does; nobody else does.
func TestWhatEndsARest(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *host){
		"a drain": func(h *host) { require.False(t, h.box.Order(h, OrderDrain), "it was not idle") },
		"the hard end": func(h *host) {
			_, _, owns := h.box.ShutOff(OrderDrain)
			require.True(t, owns)
			h.box.Start(h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := ownedHost(10)
			h.box.Lock()
			require.True(t, h.box.Suspend(true, false))
			h.box.Unlock()
			for _, o := range []Orders{OrderStop, OrderTell, OrderFail} {
				require.False(t, h.box.Order(h, o))
				h.box.Lock()
				h.box.Cancel(o)
				h.box.Unlock()
			}
			require.Equal(t, Accepted, h.notify(Public, nothing))
			require.True(t, h.box.Word().IsSuspended())
			end(h)
			inTime(t, h.ended, "it rests for ever", 0)
			require.False(t, h.box.Word().IsSuspended())
		})
	}
}

// Noted-First: the host is told of each start before its owner runs, whatever starts it.
func TestHostIsToldOfEachStart(t *testing.T) {
	t.Parallel()
	other := newHost(10)
	for name, start := range map[string]func(h *host, f func(uint64)){
		"a notification": func(h *host, f func(uint64)) { h.notify(Public, f) },
		"a private notification": func(h *host, f func(uint64)) {
			h.box.worker.Store(new(Worker)) // so that it is not taken for it
			h.notify(Private, f)
		},
		"a request": func(h *host, f func(uint64)) { h.send(f) },
		"a handler": func(h *host, f func(uint64)) { handFrom(other, h, f) },
		"an envelope": func(h *host, f func(uint64)) {
			h.box.Push(h, notice(f), Private, false)
		},
		"a timer": func(h *host, f func(uint64)) {
			h.box.Lock()
			require.True(t, h.box.PutAndUnlock(notice(f)))
			h.box.Work(h)
		},
		"work that came while it was taken": func(h *host, f func(uint64)) {
			require.True(t, h.ask(func(uint64) { h.notify(Public, f) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, starts := newHost(10), make(chan int32, 1)
			start(h, func(uint64) { starts <- h.starts.Load() })
			require.EqualValues(t, 1, inTime(t, starts, "it was not started", 0))
		})
	}
}

func handFrom(from, to *host, f func(uint64)) {
	from.notify(Public, func(link uint64) { to.notifyFrom(from, link, Public, f) })
}

// Recall takes out what belongs to the state, and leaves what others have sent.
func TestRecall(t *testing.T) {
	t.Parallel()
	h := ownedHost(10)
	h.box.Lock()
	require.Empty(t, h.box.Recall())
	h.box.Unlock()
	sent, function := notice(nothing), notice(nothing)
	timed, watched := notice(nothing), notice(nothing)
	timed.Source, watched.Source, function.Kind = &source{}, &source{}, Function
	for _, e := range []*Envelope{timed, sent, watched, function} {
		h.box.Push(h, e, Private, false)
	}
	h.box.Lock()
	defer h.box.Unlock()
	require.Equal(t, []*Envelope{timed, watched, function}, h.box.Recall())
	require.True(t, sent.InList())
	require.False(t, timed.InList())
	require.False(t, h.box.Remove(timed))
	require.True(t, h.box.Remove(sent))
	require.Zero(t, h.box.Queued())
}

type source struct{}

func (*source) Begins()  {}
func (*source) Handled() {}

// Whoever leaves is told how many were before it, in all lanes, and makes room for who waits.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	h := ownedHost(2)
	var public, private, waiting [2]*Envelope
	for i := range 2 {
		public[i] = NewRequest(context.Background(), false, nil, nil, 0)
		private[i], waiting[i] = notice(nil), notice(nil)
		waiting[i].Park()
	}
	for i := range 2 {
		h.box.Push(h, public[i], Public, true)
		h.box.Push(h, private[i], Private, true)
	}
	for i := range 2 {
		a, _ := h.box.Push(h, waiting[i], Public, true)
		require.Equal(t, MustWait, a)
	}
	withdraw := func(e *Envelope, found Whereabouts, ahead int32) {
		t.Helper()
		got, before := h.box.Withdraw(e)
		require.Equal(t, found, got)
		require.Equal(t, Ahead{N: ahead}, before)
	}
	withdraw(waiting[1], Waiting, 5)
	require.False(t, h.box.WithdrawWaiting(waiting[1]))
	a, _ := h.box.Push(h, waiting[1], Public, true)
	require.Equal(t, MustWait, a)
	withdraw(public[1], InLane, 3)
	require.False(t, h.box.IsWaiting(waiting[0]), "it was let in")
	require.False(t, h.box.WithdrawWaiting(waiting[0]))
	<-waiting[0].Ready()
	require.True(t, h.box.WithdrawWaiting(waiting[1]))
	withdraw(private[1], InLane, 1)
	withdraw(private[1], Taken, 0)
	h.box.Lock()
	defer h.box.Unlock()
	require.EqualValues(t, 3, h.box.Queued())
}
