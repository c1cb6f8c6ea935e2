package tests_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// This file is what a user's own tests look like: time in a testing/synctest bubble is virtual, so
// that hours of it take no time, and synctest.Wait returns when all actors are idle. The system has
// to be made inside the bubble.

// meter is an actor under test: it reads something every hour, and reports the sum of its readings.
type meter struct {
	read func(context.Context) (int, error)
	sum  int
}

func (m *meter) OnStart(ctx akt.Context) error {
	ctx.Private().NotifyInterval(func() any { return meterTick{} }, time.Hour)
	return nil
}

func (m *meter) HandleTick(ctx akt.Context, _ meterTick) error {
	n, err := m.read(ctx)
	m.sum += n
	return err
}

func (m *meter) HandleSum(akt.Context, meterSum) int { return m.sum }

type (
	meterTick struct{}
	meterSum  struct{}
)

// An interval of an hour is tested over days, to the tick.
func TestUserTestsAnInterval(t *testing.T) {
	t.Parallel()
	// region synctest
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		defer func() { require.NoError(t, system.Shutdown(context.Background())) }()
		addr, err := system.Run(&meter{read: func(context.Context) (int, error) { return 10, nil }})
		require.NoError(t, err)

		time.Sleep(48*time.Hour + time.Minute)
		synctest.Wait()
		sum, err := akt.Ask[int](t.Context(), addr, meterSum{})
		require.NoError(t, err)
		require.Equal(t, 490, sum, "48 hours, and one tick at once")
	})
	// endregion
}

// A slow dependency is played by a sleep; a request that is not answered in time says where it was.
func TestUserTestsATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := akt.NewSystem()
		defer func() { require.NoError(t, system.Shutdown(context.Background())) }()
		addr, err := system.Run(&meter{read: func(context.Context) (int, error) {
			time.Sleep(10 * time.Minute)
			return 10, nil
		}})
		require.NoError(t, err)

		synctest.Wait() // the first reading has begun
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = akt.Ask[int](ctx, addr, meterSum{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "queued behind 0")

		time.Sleep(9 * time.Minute)
		sum, err := akt.Ask[int](t.Context(), addr, meterSum{})
		require.NoError(t, err)
		require.Equal(t, 10, sum)
	})
}

// What fails without a sender is seen in the system's dead letters, in order.
func TestUserTestsDeadLetters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the meter is broken")
		var failures []error
		system := akt.NewSystem(akt.WithDefaults(quiet()),
			akt.WithDeadLetters(func(d akt.DeadLetter) { failures = append(failures, d.Err) }))
		defer func() { require.NoError(t, system.Shutdown(context.Background())) }()
		_, err := system.Run(&meter{read: func(context.Context) (int, error) { return 0, broken }})
		require.NoError(t, err)

		time.Sleep(150 * time.Minute)
		synctest.Wait()
		require.Equal(t, []error{broken, broken, broken}, failures)
	})
}
