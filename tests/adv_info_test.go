package tests_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt"
)

// Info: a notification that fails counts as failed, and its failure is the last error, wherever it was in the queue: the first of a new
// owner, one of several taken at once, or alone.
func TestAdvInfoOfFailedNotifications(t *testing.T) {
	t.Parallel()
	own := errors.New("the handler's own")
	for name, fail := range map[string]func() error{
		"an error": func() error { return own },
		"a panic":  func() error { panic(own) },
		"Goexit":   func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				system := sysQuiet()
				resume := akt.Supervisor{Decide: func(akt.Failure) akt.Directive { return akt.Resume }}
				addr, info := sysRun(t, system, advFailing{}, akt.WithSupervisor(resume))
				failed := uint64(0)
				check := func() {
					synctest.Wait()
					i := info()
					require.Equal(t, failed, i.Failed)
					require.Error(t, i.LastError)
					if name != "Goexit" {
						require.ErrorIs(t, i.LastError, own)
					}
				}
				for behind := range 4 {
					entered, leave := make(chan struct{}), make(chan struct{})
					failed++
					require.NoError(t, addr.TryNotify(context.Background(), advFail{func() error { close(entered); <-leave; return fail() }}))
					<-entered
					for range behind {
						require.NoError(t, addr.TryNotify(context.Background(), advFail{fail}))
						failed++
					}
					close(leave)
					check()
				}
				shutDown(t, system)
			})
		})
	}
}

type advFail struct{ how func() error }

type advFailing struct{}

func (advFailing) HandleFail(_ akt.Context, m advFail) error { return m.how() }
