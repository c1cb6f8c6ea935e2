package handlers

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aktgo/akt/internal/typename"
	"github.com/aktgo/akt/internal/words"
)

// onPointer faults a value that was passed instead of a pointer to it: once, for all the methods
// that it lacks.
func (s *scanner) onPointer() {
	if len(s.beyond) == 0 {
		return
	}
	methods := make([]string, len(s.beyond))
	for i, at := range s.beyond {
		methods[i] = at.method + At(at.file, at.line)
	}
	cure := "pass a pointer to it"
	if made := typename.New(s.typ); made != "" {
		cure = "pass " + made
	}
	s.add(s.typ, Fault{
		File: s.beyond[0].file, Line: s.beyond[0].line,
		Found: fmt.Sprintf("%s %s of *%s, and a value was passed", words.And(methods),
			words.Plural(len(methods), "is a method", "are methods"), typename.Short(s.typ)),
		Want: WantPointer,
		Cure: cure,
	})
}

// ambiguous faults handlers that several embedded fields of the same depth bring: Go promotes none
// of them.
func (s *scanner) ambiguous() {
	for name, types := range s.ambiguities(s.all) {
		if _, has := s.all.MethodByName(name); has {
			continue
		}
		from := typename.All(types...)
		for i := range from {
			from[i] = "from " + from[i]
		}
		s.add(elemOf(s.typ), Fault{
			Method: name,
			Found: "it is promoted " + words.And(from) + ", and so from " +
				words.Plural(len(from)-1, "neither", "none"),
			Want: "one method of this name",
			Cure: fmt.Sprintf("declare %s on %s", name, structName(elemOf(s.typ))),
		})
	}
	slices.SortStableFunc(s.faults, func(a, b finding) int {
		return strings.Compare(a.Method, b.Method)
	})
}

// duplicates faults all handlers that share a message type.
func (s *scanner) duplicates() {
	byMessage := map[reflect.Type][]Method{}
	for _, m := range s.methods {
		if !m.IsHook() {
			byMessage[m.message()] = append(byMessage[m.message()], m)
		}
	}
	for _, m := range s.methods {
		same := byMessage[m.message()]
		if len(same) < 2 || same[0].GoName != m.GoName {
			continue
		}
		owners := make([]reflect.Type, len(same))
		for i, other := range same {
			owners[i] = other.at.typ
		}
		texts := typename.All(owners...)
		others := make([]string, 0, len(same))
		for i, other := range same[1:] {
			text := other.GoName + At(other.File, other.Line)
			if other.at.typ != m.at.typ {
				text = texts[i+1] + "." + text
			}
			others = append(others, text)
		}
		s.add(m.at.typ, Fault{
			Method: m.GoName, File: m.File, Line: m.Line,
			Found: fmt.Sprintf("it handles %s, and so %s %s", typename.Short(m.Message),
				words.Plural(len(others), "does", "do"), strings.Join(others, " and ")),
			Want: "one handler for each message type",
			Cure: "merge them, or give each a message type of its own",
		})
	}
}

// message is the type of a handler's messages. All empty interfaces are one.
func (m Method) message() reflect.Type {
	if m.TakesAny() {
		return typeAny
	}
	return m.Message
}
