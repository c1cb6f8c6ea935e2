package akt

// Waiting is how many nodes the graph of those who wait has.
func Waiting() int { return waiters.Len() }

// Waits is how many waits of that graph an actor has.
func Waits(a *Address) int { return waiters.Waits((*waiter)(a.actor)) }
