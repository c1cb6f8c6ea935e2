package akt

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type numbered struct{}

func (numbered) HandleNothing(Context, struct{}) {}

// Names: a made-up name is never one that another actor was given, and a given one never one that was made up.
func TestMadeUpNamesAreFree(t *testing.T) {
	t.Parallel()
	s := NewSystem()
	given, err := s.Run(numbered{}, WithName("numbered-2"))
	require.NoError(t, err)
	first, err := s.Run(numbered{})
	require.NoError(t, err)
	second, err := s.Run(numbered{})
	require.NoError(t, err)
	require.Equal(t, []string{"numbered-2", "numbered-1", "numbered-3"}, []string{given.Name(), first.Name(), second.Name()})
	_, err = s.Run(numbered{}, WithName("numbered-3"))
	require.ErrorIs(t, err, ErrNameTaken)
	_, err = s.Run(numbered{}, WithName("other-3"))
	require.NoError(t, err)
	given.Stop()
	<-given.Done()
	require.NoError(t, s.Shutdown(t.Context()))
}

// Options: the defaults that count are those of the system in which the actor runs.
func TestDefaultsOfTheSystemThatRuns(t *testing.T) {
	t.Parallel()
	s := NewSystem(WithDefaults(WithMailbox(3)))
	a, err := Run(numbered{}, WithSystem(s))
	require.NoError(t, err)
	require.EqualValues(t, 3, a.actor.config.capacity)
	own, err := s.Run(numbered{}, WithMailbox(4))
	require.NoError(t, err)
	require.EqualValues(t, 4, own.actor.config.capacity)
	require.NoError(t, s.Shutdown(t.Context()))
}
