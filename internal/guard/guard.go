// Package guard calls code of the user's that may not return: it panics, or ends its goroutine by
// runtime.Goexit, as FailNow of a test does. What is to follow then is said in one place.
package guard

import "runtime/debug"

// Loss is why a function did not return.
type Loss struct {
	Value any    // what was passed to panic; nil for runtime.Goexit
	Stack []byte // the goroutine's, as runtime/debug.Stack formats it
}

// Catch calls f. Where f does not return, lost is called on the same goroutine. After a panic Catch
// returns then; after a Goexit it does not, and neither does its caller.
func Catch(f func(), lost func(Loss)) {
	returned := false
	defer func() {
		if !returned {
			lost(Loss{recover(), debug.Stack()})
		}
	}()
	f()
	returned = true
}

// Notice calls f, and lost where f does not return, on the same goroutine. It is no obstacle to a
// panic or Goexit, which goes on after that.
func Notice(f, lost func()) {
	returned := false
	defer func() {
		if !returned {
			lost()
		}
	}()
	f()
	returned = true
}

// Detach calls f on a goroutine of its own and waits for it, so that not even a Goexit in it ends
// the caller's. It returns nil where f has returned.
func Detach(f func()) *Loss {
	over := make(chan *Loss, 1)
	go func() {
		Catch(func() {
			f()
			over <- nil
		}, func(l Loss) { over <- &l })
	}()
	return <-over
}
