package akt

import (
	"bytes"
	"runtime"
	"time"
)

// loaded is when the process started, in nanoseconds since 1970: time in a testing/synctest bubble begins in the year 2000, long before it.
var loaded = time.Now().UnixNano()

// inBubble reports whether the calling goroutine is in a testing/synctest bubble. Garbage-collector cleanups run outside
// all bubbles, and must not touch what belongs to one. There is no function to ask: a bubble's clock is behind the
// process's start, and where that is so, the header of the goroutine's stack tells.
func inBubble() bool { return inBubbleAt(time.Now().UnixNano()) }

// inBubbleAt is inBubble for who has read the clock already.
func inBubbleAt(now int64) bool {
	if now >= loaded {
		return false
	}
	var header [128]byte
	n := runtime.Stack(header[:], false)
	line, _, _ := bytes.Cut(header[:n], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}
