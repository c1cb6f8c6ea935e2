package akt

import "fmt"

// Terminated is what a watcher receives, exactly once, when an actor it watches has ended.
type Terminated struct {
	Address *WeakAddress // of the actor that ended
	Name    string
	Err     error // why it died; nil for an actor that was stopped
}

// supervise decides what happens after a handler panicked: an actor run from a Spawner goes on with a fresh state, any other
// stops, because its state cannot be trusted. It reports whether the caller still owns a living actor.
func (a *actor) supervise(failure *PanicError, msg any, unasked bool) (goOn bool) {
	a.logPanic(fmt.Sprintf("the handler of %T", msg), failure)
	if unasked {
		a.system.deadLetter(a, msg, failure)
	}
	if a.config.spawner == nil {
		a.end(failure)
		return false
	}
	return a.restart()
}

// restart gives the actor a fresh state. Address, name, watchers and queue stay; timers and children of the old state end.
func (a *actor) restart() (goOn bool) {
	a.countRestart()
	completed := false
	defer func() {
		if !completed { // a hook ended the goroutine
			a.neverStarted(errGoexit)
		}
	}()
	goOn = a.replaceState()
	completed = true
	return goOn
}

// replaceOnly has the actor refuse new timers and children, which the old state might still start and which would end up with the new.
func (a *actor) replaceOnly(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.extra().replacing = on
}

func (a *actor) replaceState() (goOn bool) {
	a.phase.Store(uint32(Starting))
	a.replaceOnly(true)
	a.endTimers()
	a.endChildren()
	a.callStopped()
	a.replaceOnly(false)
	state, err := spawnState(a.config.spawner, a.table)
	if err == nil {
		a.self = pointerTo(state)
		err = a.callStart(Context{})
	}
	if err != nil {
		a.logger().Error("akt: the actor could not be restarted", "error", err)
		a.neverStarted(err)
		return false
	}
	a.goOn()
	return true
}
