package akt

import (
	"bytes"
	"runtime"
	"time"
)

// loaded is when the process started.
var loaded = time.Now()

// uptime is the time since then, which costs half of what the time of day does. In a
// testing/synctest bubble, where clocks show the year 2000, it is off by decades.
func uptime() time.Duration { return time.Since(loaded) }

// atUptime is the time of day for an uptime, on the clock of the bubble where it was read.
func atUptime(up time.Duration) time.Time {
	if bubbly(up) {
		return time.Now().Add(up - uptime())
	}
	return loaded.Add(up).Round(0)
}

func bubbly(up time.Duration) bool {
	const decade = 10 * 365 * 24 * time.Hour
	return up < 0 || up > decade
}

// inBubble reports whether the calling goroutine is in a testing/synctest bubble. Garbage-collector
// cleanups run outside all bubbles, and must not touch what belongs to one. There is no function to
// ask: a bubble's clock is another, and where that is so, the header of the goroutine's stack
// tells.
func inBubble() bool { return inBubbleAt(uptime()) }

// inBubbleAt is inBubble for who has read the clock already.
func inBubbleAt(up time.Duration) bool {
	if !bubbly(up) {
		return false
	}
	var header [128]byte
	n := runtime.Stack(header[:], false)
	line, _, _ := bytes.Cut(header[:n], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}
