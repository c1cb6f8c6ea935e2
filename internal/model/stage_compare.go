package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/aktgo/akt"
)

func (s *stage) nothingLeft() {
	for _, c := range s.calls {
		if c.got == "" && (!c.flush || c.want != nil) {
			s.add("the sender of %d waits for ever", c.id)
		}
	}
	for _, m := range s.actors {
		if !m.ended {
			s.add("a%d never ends", m.id)
		}
	}
	for _, h := range s.handles {
		before := len(s.diaries[h.on.id].Begun)
		_, err := h.addr.Send(context.Background(), msg{})
		if !errors.Is(err, akt.ErrStopped) {
			s.add("a request to a%d after its end gives %v", h.on.id, err)
		}
		synctest.Wait()
		if len(s.diaries[h.on.id].Begun) != before {
			s.add("a%d handles a message after its end", h.on.id)
		}
	}
}

// compare waits until nothing happens any more, and holds the world against the model.
func (s *stage) compare() bool {
	synctest.Wait()
	for i, m := range s.actors {
		s.compareActor(m, s.diaries[i])
	}
	for _, c := range s.calls {
		if c.want == nil && c.got != "" || c.want != nil && !slices.Contains(c.want, c.got) {
			s.add("call %d: %q, not %q", c.id, c.got, strings.Join(c.want, " or "))
		}
	}
	for _, h := range s.handles {
		s.compareHandle(h)
	}
	s.compareTold()
	s.compareShutdown()
	for i, m := range s.actors {
		m.heard(slices.Concat(s.diaries[i].Begun, s.diaries[i].Letters)...)
	}
	s.reads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) == 0
}

func (s *stage) compareActor(m *actor, d *diary) {
	got, want := d.record, m.record
	if more := got.Asked - want.Asked; -m.lessAsk <= more && more <= m.mayAsk {
		want.Asked = got.Asked
	}
	got.Begun, want.Begun = m.exact(got.Begun), m.exact(want.Begun)
	slices.Sort(got.Decided)
	slices.Sort(want.Decided)
	got.Letters, want.Letters = sorted(m.exact(got.Letters)), sorted(m.exact(want.Letters))
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		s.add("a%d is\n\t%s, not\n\t%s", m.id, g, w)
	}
	if got := d.ctx.State(); !m.stateAllowed(got) {
		s.add("a%d is %s, not %s", m.id, got, m.state())
	}
	for id, must := range m.loose {
		n := 0
		for _, b := range d.Begun {
			if b == id {
				n++
			}
		}
		if n > 1 || n == 0 && must && !m.busy() {
			s.add("a%d was told %d times that a%d has ended", m.id, n, terminatedID-id)
		}
	}
}

// exact leaves out what may come at any moment, and brings into order what may come in any.
func (m *actor) exact(ids []int) []int {
	list := slices.DeleteFunc(slices.Clone(ids), func(id int) bool {
		_, loose := m.loose[id]
		return loose
	})
	for from := 0; from < len(list); from++ {
		to := from
		for to < len(list) && list[to] <= terminatedID {
			to++
		}
		slices.Sort(list[from:to])
		from = to
	}
	return slices.Clip(list)
}

func sorted(ids []int) []int {
	slices.Sort(ids)
	return ids
}

func (s *stage) compareHandle(h *handle) {
	m := h.on
	if got, want := h.addr.IsClosed(), h.released || m.shut; got != want {
		s.add("IsClosed of a%d is %t", m.id, got)
	}
	select {
	case <-h.addr.Done():
		if !m.ended {
			s.add("a%d has ended", m.id)
		}
	default:
		if m.ended {
			s.add("a%d has not ended", m.id)
		}
	}
	why := ""
	if m.ended {
		why = m.why
	}
	if got := causes(h.addr.Err()); got != why || (h.addr.Err() == nil) != (why == "") {
		s.add("Err of a%d is %v, not %q", m.id, h.addr.Err(), why)
	}
	if !m.named {
		return
	}
	found, ok := s.system.Lookup(h.addr.Name())
	if ok == s.called(m.name).shut {
		s.add("Lookup of a%d gives %t", m.id, ok)
	}
	if ok {
		found.Release()
	}
}

func (s *stage) compareTold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, why := range s.told {
		if want := s.actors[of[1]].why; why != want {
			s.list = append(s.list,
				fmt.Sprintf("a%d was told that a%d died of %q, not %q", of[0], of[1], why, want))
		}
	}
}

func (s *stage) compareShutdown() {
	if s.ended != s.over {
		s.add("Shutdown has returned: %t", s.ended)
	}
	if !s.ended {
		return
	}
	if (s.endError != nil) != s.cut {
		s.add("Shutdown returns %v", s.endError)
	}
	if !s.cut {
		return
	}
	if !errors.Is(s.endError, context.Canceled) {
		s.add("Shutdown returns %v, which is not that its ctx has ended", s.endError)
	}
	text, functions, _ := strings.Cut(s.endError.Error(),
		": functions started with Go that have not returned: ")
	functions, _, _ = strings.Cut(functions, " (") // of which handlers
	want := ""
	if s.stuckFunctions > 0 {
		want = fmt.Sprint(s.stuckFunctions)
	}
	if functions != want {
		s.add("Shutdown returns %v, not with %d functions", s.endError, s.stuckFunctions)
	}
	_, list, _ := strings.Cut(text, ": not quiet: ")
	named := strings.Split(list, "; ")
	if list == "" {
		named = nil
	}
	for _, in := range s.stuck {
		i := slices.IndexFunc(named, in.isNamedIn)
		switch {
		case i >= 0:
			named = slices.Delete(named, i, i+1)
		case in.runs || in.held || in.queued > in.less:
			s.add("Shutdown returns %v, without %+v", s.endError, in)
		}
	}
	if len(named) > 0 {
		s.add("Shutdown returns %v, which names %q, not %+v", s.endError, named, s.stuck)
	}
}

// isNamedIn reports whether this is what Shutdown's error says of the actor.
func (in stuckIn) isNamedIn(text string) bool {
	what := in.name
	switch {
	case in.runs:
		what += " in HandleMsg"
	case in.waits:
		what += " in no handler"
	case in.rests:
		what += " waiting for its restart"
	}
	if rest, found := strings.CutPrefix(text, what+" owing "); found {
		var n int
		_, err := fmt.Sscanf(rest, "%d Promise", &n)
		if err != nil || n < 1 || n > in.owes {
			return false
		}
		if _, rest, found = strings.Cut(rest, " ("); found {
			text = what + " (" + rest
		}
	}
	rest, found := strings.CutPrefix(text, what+" (")
	var n int
	_, err := fmt.Sscanf(rest, "%d queued)", &n)
	return found && err == nil && n >= in.queued-in.less && n <= in.queued+in.more
}

// sleep lets time go on in the bubble, and waits until all that it has brought is done.
func (s *stage) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
