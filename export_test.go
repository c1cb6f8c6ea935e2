package akt

// Waiting is how many nodes the graph of those who wait has.
func Waiting() int { return waiters.Len() }
