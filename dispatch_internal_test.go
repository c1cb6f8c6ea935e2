package akt

import (
	"context"
	"fmt"
	"math/bits"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aktgo/akt/internal/call"
)

type (
	scannedActor struct{}
	scannedRace  struct{}
	scannedFault struct{}
	scannedMsg   struct{}
)

func (scannedActor) HandleMsg(Context, scannedMsg)        {}
func (scannedActor) HandleStringer(Context, fmt.Stringer) {}
func (*scannedRace) HandleMsg(Context, scannedMsg)        {}
func (scannedFault) HandleMsg(scannedMsg)                 {}

// H6: a type is scanned once: all its actors, and Describe, share one table; a pointer is another type than its value.
func TestTypeIsScannedOnce(t *testing.T) {
	t.Parallel()
	first, err := tableFor(reflect.TypeFor[scannedActor]())
	require.NoError(t, err)
	system := NewSystem()
	t.Cleanup(func() { require.NoError(t, system.Shutdown(context.Background())) })
	for _, actor := range []any{scannedActor{}, Spawner[scannedActor](func() scannedActor { return scannedActor{} })} {
		addr, err := system.Run(actor)
		require.NoError(t, err)
		require.Same(t, first, addr.actor.table)
		again, err := tableOf(actor)
		require.NoError(t, err)
		require.Same(t, first, again)
	}
	pointer, err := tableFor(reflect.TypeFor[*scannedActor]())
	require.NoError(t, err)
	require.NotSame(t, first, pointer)
}

// H6: a type with faults is not scanned again either.
func TestFaultyTypeIsScannedOnce(t *testing.T) {
	t.Parallel()
	_, first := NewSystem().Run(scannedFault{})
	_, again := NewSystem().Run(scannedFault{})
	require.Error(t, first)
	require.Same(t, first, again)
}

// H6: those who need the table of a new type at the same time share one scan.
func TestConcurrentRunsScanOnce(t *testing.T) {
	t.Parallel()
	const rounds = 500
	typ := reflect.TypeFor[*scannedRace]()
	for range rounds {
		tables.Delete(typ) // a new type again
		var (
			found   [2]*table
			arrived atomic.Int32
			ended   sync.WaitGroup
		)
		for i := range found {
			ended.Add(1)
			go func() {
				defer ended.Done()
				for arrived.Add(1); arrived.Load() < int32(len(found)); {
					runtime.Gosched() // a channel would wake them one after the other
				}
				var err error
				if found[i], err = tableFor(typ); err != nil {
					t.Error(err)
				}
			}()
		}
		ended.Wait()
		require.Same(t, found[0], found[1])
	}
}

// H5: what a message's type was resolved to is remembered: it is found again where the rules would find it no more.
func TestResolvedIsCached(t *testing.T) {
	t.Parallel()
	tbl, err := scan(reflect.TypeFor[*scannedActor]()) // not the one that all tests share
	require.NoError(t, err)
	msg := context.Background().(fmt.Stringer)
	first, _, err := tbl.route(msg)
	require.NoError(t, err)
	require.Equal(t, "HandleStringer", first.GoName)
	tbl.partial = nil
	again, _, err := tbl.route(msg)
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// What is nearly a hook's name is found by what it begins with.
func TestHooksBeginWithStems(t *testing.T) {
	t.Parallel()
	for name, hook := range rules.Hooks {
		require.True(t, slices.ContainsFunc(rules.Stems, func(stem string) bool {
			return strings.HasPrefix(name, stem)
		}), name)
		require.Equal(t, 1, hook.NumIn())
		require.Equal(t, rules.Context, hook.In(0))
	}
}

// Speed: what the cache has for a type is three words, and with its key half a cache line.
func TestResolvedIsSmall(t *testing.T) {
	t.Parallel()
	if reflect.TypeFor[call.Opaque]().Kind() == reflect.Interface {
		t.Skip("built without unsafe code, whose calls are one word")
	}
	require.LessOrEqual(t, reflect.TypeFor[resolved]().Size(), uintptr(24))
}

// Speed: a Context takes four registers, and so leaves four for a message where there are fewest:
// on amd64, of nine, with one for the receiver.
func TestContextIsSmall(t *testing.T) {
	t.Parallel()
	if bits.UintSize != 64 {
		t.Skip("handlers are called without reflection on 64-bit machines only")
	}
	require.LessOrEqual(t, reflect.TypeFor[Context]().Size(), uintptr(32))
}
