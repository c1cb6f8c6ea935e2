package model

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aktgo/akt"
)

// What may come of a call, besides "reply 7" and "error 7".
const (
	gotAccepted = "accepted"
	gotEnded    = "not handled, not delivered: its ctx ended"
	gotFull     = "not handled, not delivered: full"
	gotRefused  = "not handled, not delivered: stopped"
	gotDeadlock = "not handled, not delivered: deadlock"
	gotRing     = "not handled, no response: deadlock"
	gotDropped  = "not handled, no response: stopped"
	gotTaken    = "not handled, no response: its ctx ended"
	gotLeft     = "maybe handled, no response: its ctx ended"
	gotCut      = "maybe handled, no response: stopped"
	gotPanic    = "maybe handled, no response: panic"
	gotExit     = "Goexit"
	gotFuture   = "reply Future"

	gotFunctionPanic = "a function's panic"

	gotRingLater = "maybe handled, no response: deadlock"

	gotRingOfEnd  = "not awaited: deadlock"
	gotNotAwaited = "not awaited: its ctx ended"
	gotNotRun     = "not awaited: stopped"

	// After gotRefused and gotDropped: what the actor died of.
	diedOfPanic = "panic"
	diedOfStart = "start"
	diedOfLimit = "limit"
)

// outcomeOf puts everything that is promised of a call's results into words.
func outcomeOf(reply any, err error) string {
	switch e := any(err).(type) { // unchanged, not wrapped (E1)
	case nil:
		if _, later := reply.(*akt.Future[int]); later {
			return gotFuture
		}
		if reply == nil {
			return gotAccepted
		}
		return fmt.Sprintf("reply %v", reply)
	case *akt.PanicError:
		return gotFunctionPanic
	case ownError:
		return fmt.Sprintf("error %d", e.ID)
	case *akt.SendError:
		if reply != nil && reply != 0 {
			return fmt.Sprintf("reply %v together with %v", reply, err)
		}
		return e.Handled.String() + failureOf(err)
	}
	return "not a SendError: " + err.Error()
}

func failureOf(err error) string {
	layer := ""
	if errors.Is(err, akt.ErrFailedToDeliver) {
		layer += ", not delivered"
	}
	if errors.Is(err, akt.ErrFailedToGetResponse) {
		layer += ", no response"
	}
	return layer + ": " + causes(err)
}

func causes(err error) string {
	var list []string
	panicked, unstarted := errors.As(err, new(*akt.PanicError)), errors.As(err, new(startError))
	for _, cause := range []struct {
		is   bool
		text string
	}{
		{errors.Is(err, akt.ErrMailboxFull), "full"},
		{errors.Is(err, akt.ErrStopped), "stopped"},
		{panicked && !unstarted, diedOfPanic},
		{unstarted, diedOfStart},
		{err != nil && strings.Contains(err.Error(), "restart limit"), diedOfLimit},
		{errors.Is(err, context.Canceled), "its ctx ended"},
		{errors.Is(err, akt.ErrDeadlock), "deadlock"},
	} {
		if cause.is {
			list = append(list, cause.text)
		}
	}
	return strings.Join(list, ", ")
}
