// Package bubble tells the time since the process started, and whether the caller is in a bubble of
// testing/synctest. There is no function to ask for that: a bubble's clock is another one, and
// where the clock is another one, the header of the goroutine's stack tells.
package bubble

import (
	"bytes"
	"runtime"
	"time"
)

// loaded is when the process started.
var loaded = time.Now()

// Uptime is the time since the process started, which costs half of what the time of day does. In a
// bubble, where clocks show the year 2000, it is off by decades.
func Uptime() time.Duration { return time.Since(loaded) }

// At is the time of day for an uptime, on the clock of the bubble where it was read.
func At(up time.Duration) time.Time {
	if isOff(up) {
		return time.Now().Add(up - Uptime())
	}
	return loaded.Add(up).Round(0)
}

// isOff reports whether an uptime is none: it was read on the clock of a bubble.
func isOff(up time.Duration) bool {
	const decade = 10 * 365 * 24 * time.Hour
	return up < 0 || up > decade
}

// Inside reports whether the calling goroutine is in a bubble. Garbage-collector cleanups run
// outside all bubbles, and must not touch what belongs to one.
func Inside() bool { return InsideAt(Uptime()) }

// InsideAt is Inside for a caller that has read the clock already.
func InsideAt(up time.Duration) bool {
	if !isOff(up) {
		return false
	}
	var header [128]byte
	n := runtime.Stack(header[:], false)
	line, _, _ := bytes.Cut(header[:n], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}
