package akt

import (
	"bytes"
	"runtime"
	"time"
)

// loaded is when the process started: time in a testing/synctest bubble begins in the year 2000, long before it.
var loaded = time.Now()

// inBubble reports whether the calling goroutine is in a testing/synctest bubble. Garbage-collector cleanups run outside
// all bubbles, and must not touch what belongs to one. There is no function to ask: a bubble's clock is behind the
// process's start, and where that is so, the header of the goroutine's stack tells.
func inBubble() bool {
	if !time.Now().Round(0).Before(loaded.Round(0)) {
		return false
	}
	var header [128]byte
	n := runtime.Stack(header[:], false)
	line, _, _ := bytes.Cut(header[:n], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}
