package model

import (
	"fmt"
	"slices"
	"strings"
)

// check holds the records and all calls to the invariants.
func (c *crowd) check() {
	for k, m := range c.members {
		begun, letters := count(m.Begun), count(m.Letters)
		told := 0
		for id, n := range begun {
			if n > 1 {
				c.add("a%d has handled %d %d times", k, id, n)
			}
			if id < 0 {
				told++
			}
		}
		for id := range letters {
			if id < 0 {
				told++
				if begun[id] > 0 {
					c.add("a%d has handled %d, which is a dead letter too", k, id)
				}
			}
		}
		if want := c.acceptedTells(m); told != want {
			c.add("a%d has accepted %d messages from handlers, but got %d", k, want, told)
		}
		for _, one := range c.clients {
			for _, made := range one.calls {
				b, l := begun[made.id], letters[made.id]
				if made.actor == k && !c.isRight(made, b, l) {
					c.add("call %d, a request: %t, whose handler %s: %q; "+
						"begun %d times, a dead letter %d times",
						made.id, made.request, made.act, made.got, b, l)
				}
			}
			c.checkOrder(one, k)
		}
	}
}

func count(ids []int) map[int]int {
	counts := map[int]int{}
	for _, id := range ids {
		counts[id]++
	}
	return counts
}

// acceptedTells counts what handlers have sent to a member.
func (c *crowd) acceptedTells(to *member) (accepted int) {
	for _, from := range c.members {
		told := from.Told
		for _, id := range from.Begun {
			target := from
			switch c.actOf(id) {
			case actForward:
				target = from.next()
			case actTell:
			default:
				continue
			}
			if told[0] == gotAccepted && target == to {
				accepted++
			}
			told = told[1:]
		}
	}
	return accepted
}

func (c *crowd) actOf(id int) act {
	if id < crowdIDs {
		return actReply
	}
	return c.clients[id/crowdIDs-1].calls[id%crowdIDs].act
}

// isRight checks one call against how often its message was begun and was a dead letter.
func (c *crowd) isRight(made *crowdCall, begun, letters int) bool {
	if letters > 1 || letters == 1 && (made.request || made.got != gotAccepted) {
		return false
	}
	fails := made.act == actFail || made.act == actPanic
	switch got := strings.TrimSuffix(made.got, ", "+diedOfPanic); got {
	case fmt.Sprintf("reply %d", made.id):
		return begun == 1 && !fails
	case fmt.Sprintf("error %d", made.id):
		return begun == 1 && made.act == actFail
	case gotPanic:
		return begun == 1 && made.act == actPanic
	case gotLeft:
		return made.request
	case gotTaken:
		return made.request && begun == 0
	case gotAccepted:
		if begun == 0 {
			return c.endsAbruptly(made.actor) && letters == 1
		}
		return fails == (letters == 1)
	case gotDropped:
		return c.endsAbruptly(made.actor) && begun == 0
	case gotRefused, gotEnded, gotFull:
		return begun == 0
	}
	return false
}

// endsAbruptly reports whether an actor may have ended with messages queued.
func (c *crowd) endsAbruptly(k int) bool {
	for _, one := range c.clients {
		if slices.ContainsFunc(one.steps, func(st step) bool {
			return st.verb == doAsk && st.a%len(c.members) == k
		}) || slices.ContainsFunc(one.calls, func(made *crowdCall) bool {
			return made.actor == k &&
				(made.act == actStop || made.act == actPanic && c.members[k].mortal)
		}) {
			return true
		}
	}
	return false
}

// checkOrder sees that what one client has sent to one lane was begun in that order (D2).
func (c *crowd) checkOrder(one *client, k int) {
	lanes := map[int]bool{} // by ID: private
	for _, made := range one.calls {
		lanes[made.id] = made.private
	}
	last := map[bool]int{}
	for _, id := range c.members[k].Begun {
		private, mine := lanes[id]
		if mine && id <= last[private] {
			c.add("a%d begins %d after %d, of the same lane", k, id, last[private])
		}
		if mine {
			last[private] = id
		}
	}
}
