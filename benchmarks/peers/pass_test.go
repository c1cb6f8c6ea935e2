package peers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// BenchmarkPingPong times a message from one actor to the other and its handling: two actors pass a
// token to and fro, and one operation is one pass.
func BenchmarkPingPong(b *testing.B) {
	for _, lib := range everyLibrary {
		b.Run("lib="+lib.name, passes{lib.open, 2, patience}.measure)
	}
}

// BenchmarkRing is the same with 1,000 actors, each of which passes the token to the next.
func BenchmarkRing(b *testing.B) {
	for _, lib := range everyLibrary {
		b.Run("lib="+lib.name+"/actors=1000", passes{lib.open, 1000, patience}.measure)
	}
}

// passes is a benchmark of a token that goes round so many actors.
type passes struct {
	open     func(testing.TB) library
	actors   int
	patience time.Duration
}

func (w passes) measure(b *testing.B) {
	b.Helper()
	lib, over := w.open(b), make(chan error, 1)
	actors, legs := make([]teller, w.actors), make([]*leg, w.actors)
	for i := range legs {
		legs[i] = &leg{want: uint64(b.N-1) - uint64(i), lap: uint64(w.actors), over: over}
		actor, err := lib.Relay(legs[i])
		if err != nil {
			b.Fatal(err)
		}
		actors[i] = actor
	}
	for i := range legs {
		legs[i].next = actors[(i+1)%w.actors]
	}
	late := time.AfterFunc(w.patience, func() { legs[0].end(errors.New("the token was lost")) })
	b.ReportAllocs()
	b.ResetTimer()
	err := actors[0].Tell(context.Background(), uint64(b.N-1))
	if err == nil {
		err = <-over
	}
	b.StopTimer()
	late.Stop()
	for _, actor := range actors {
		actor.End()
	}
	select {
	case again := <-over: // a second token
		err = errors.Join(err, again, errors.New("the token came again"))
	default:
	}
	if err != nil {
		b.Error(err)
	}
}

// leg is the state of an actor that passes the token on. The token is the number of passes that are
// left; each actor knows which one it has to get next, so that none can be left out or made twice.
type leg struct {
	next teller
	want uint64
	lap  uint64     // by how much the token is less the next time
	over chan error // gets what went wrong, or nil at the end
}

// run takes the token, and passes it on unless it was the last.
func (l *leg) run(ctx context.Context, n uint64) {
	if l.take(n) {
		if err := l.next.Tell(ctx, n-1); err != nil {
			l.end(err)
		}
	}
}

// take checks the token, and reports whether it is to be passed on.
func (l *leg) take(n uint64) bool {
	if n != l.want {
		l.end(fmt.Errorf("the token is %d; want %d", n, l.want))
		return false
	}
	l.want -= l.lap
	if n == 0 {
		l.end(nil)
		return false
	}
	return true
}

func (l *leg) end(err error) {
	select {
	case l.over <- err:
	default:
	}
}
