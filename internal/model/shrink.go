package model

import "slices"

// Shrink makes a program that fails as small as it can: it leaves steps out, in ever smaller
// groups, then actors, and simplifies what is left, for as long as the program still fails. See
// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
func Shrink(p Program, fails func(Program) bool) Program {
	for budget := 3000; ; {
		before := p.String()
		try := func(smaller Program) bool {
			if budget--; budget < 0 || !fails(smaller) {
				return false
			}
			p = smaller
			return true
		}
		for size := max(1, len(p.steps)/2); size > 0; size /= 2 {
			for at := len(p.steps) - size; at >= 0; at -= size {
				if at+size > len(p.steps) {
					continue
				}
				try(p.with(slices.Delete(slices.Clone(p.steps), at, at+size)))
			}
		}
		for i := len(p.actors) - 1; i >= 0 && len(p.actors) > 1; i-- {
			try(Program{p.capacity, slices.Delete(slices.Clone(p.actors), i, i+1), p.steps})
		}
		for i, n := range p.actors {
			for _, simpler := range []nature{0, spawner, spawner | strict, n % (1 << policyShift)} {
				if simpler >= n {
					break
				}
				actors := slices.Clone(p.actors)
				actors[i] = simpler
				if try(Program{p.capacity, actors, p.steps}) {
					break
				}
			}
		}
		if p.capacity > 1 {
			try(Program{1, p.actors, p.steps})
		}
		for i := range p.steps {
			for _, number := range []func(*step) *int{
				func(s *step) *int { return &s.a },
				func(s *step) *int { return &s.b },
				func(s *step) *int { return &s.c },
			} {
				for simpler := range min(*number(&p.steps[i]), 16) {
					steps := slices.Clone(p.steps)
					*number(&steps[i]) = simpler
					if try(p.with(steps)) {
						break
					}
				}
			}
		}
		if p.String() == before || budget < 0 {
			return p
		}
	}
}

func (p Program) with(steps []step) Program { return Program{p.capacity, p.actors, steps} }
