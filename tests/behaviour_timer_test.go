package tests_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// L4: ticks come at start + k·every; one that was missed is skipped.
func behaviourInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		addr := run(t, &parityProbe{})
		start, inside, made := time.Now(), 0, 0
		var ticks []string
		tick := parityDo{func(akt.Context) (any, error) {
			inside++
			assert.Equal(t, 1, inside, "ticks overlap")
			ticks = append(ticks, time.Since(start).String())
			if len(ticks) == 3 {
				time.Sleep(35 * time.Second) // the ticks at 30, 40 and 50 s are missed
			}
			inside--
			return nil, nil
		}}
		privateOf(t, addr).NotifyInterval(func() any { made++; return tick }, 10*time.Second)
		time.Sleep(75 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"0s", "10s", "20s", "1m0s", "1m10s"}, ticks)
		addr.Stop()
		<-addr.Done()
		time.Sleep(time.Hour)
		require.Len(t, ticks, made)
		require.Equal(t, 5, made)
	})
}

// L4: an interval that cannot be is logged as an error.
func behaviourIntervalZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, every := range []time.Duration{0, -time.Second} {
			var log parityLog
			addr := run(t, &parityProbe{}, log.option())
			timer := privateOf(t, addr).NotifyInterval(func() any { t.Error("it fires"); return parityNote("") }, every)
			time.Sleep(time.Hour)
			require.Contains(t, log.String(), "level=ERROR")
			require.Contains(t, log.String(), "the interval must be positive")
			require.False(t, timer.Stop())
		}
	})
}

// L4, D3: a timer can be stopped, ends with its actor, and is a dead letter where the actor is gone before.
func behaviourLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &parityProbe{}
		addr, letters := runWithLetters(t, probe, new(parityLog).option())
		private := privateOf(t, addr)
		require.True(t, private.NotifyLater(parityNote("stopped"), time.Second).Stop())
		private.NotifyAt(parityNote("past"), time.Now().Add(-time.Hour))
		private.NotifyLater(parityNote("negative"), -time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"OnStart", "past", "negative"}, probe.log, "at once")
		fired := private.NotifyLater(parityNote("later"), time.Second)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, "later", probe.log[3])
		require.False(t, fired.Stop())
		private.NotifyLater(parityNote("too late"), time.Minute)
		addr.Stop()
		<-addr.Done()
		private.NotifyLater(parityNote("to one that is gone"), time.Second)
		time.Sleep(time.Hour)
		require.Equal(t, []string{"OnStart", "past", "negative", "later", "OnStopping", "OnStopped"}, probe.log)
		require.NotEmpty(t, *letters)
		last := (*letters)[len(*letters)-1]
		require.Equal(t, parityNote("to one that is gone"), last.Msg)
		require.ErrorIs(t, last.Err, akt.ErrStopped)
	})
}
