package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/aktgo/akt"
)

// scene is a failure that is played, in a system of its own.
type scene struct {
	*akt.System
	told []string
	log  logbook
}

// play provokes a failure, shuts its system down, and returns a row's cells.
func play(provoke func(context.Context, *scene) error) (cells string, err error) {
	s := &scene{}
	s.System = akt.NewSystem(
		akt.WithDeadLetters(func(d akt.DeadLetter) {
			s.log.note(fmt.Sprintf("dead letter: %s to %s: %v", d.Message, d.Actor, d.Err))
		}),
		akt.WithDefaults(akt.WithLogger(slog.New(&s.log))),
	)
	ctx := context.Background()
	if err := provoke(ctx, s); err != nil {
		return "", err
	}
	if err := s.Shutdown(ctx); err != nil {
		return "", err
	}
	return cell(s.told) + " | " + cell(s.log.read()), nil
}

// cell is the lines of a cell of a Markdown table.
func cell(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.ReplaceAll(strings.Join(lines, "<br>"), "|", `\|`)
}

// sees notes what somebody was told.
func (s *scene) sees(who string, err error) {
	var names []string
	for _, c := range causes {
		if c.among(err) {
			names = append(names, "`"+c.name+"`")
		}
	}
	text := strings.Join(names, ", ")
	switch {
	case err == nil:
		text = "no error: the message was accepted"
	case errors.Is(err, errShort):
		text = fmt.Sprintf("the handler's own error: `%v`", err)
	case text == "":
		text = fmt.Sprintf("`%v`", err)
	default:
		text += fmt.Sprintf(": `%v`", err)
	}
	s.tell(who, text)
}

// replies notes a reply.
func (s *scene) replies(who string, reply any, err error) {
	if err != nil {
		s.sees(who, err)
		return
	}
	if reply == nil {
		s.tell(who, "its reply")
		return
	}
	s.tell(who, fmt.Sprintf("its reply, `%v`", reply))
}

func (s *scene) tell(who, text string) {
	if who != "" {
		text = who + ": " + text
	}
	s.told = append(s.told, text)
}

// causes are what the sender of a message finds in an error.
var causes = []struct {
	name  string
	among func(error) bool
}{
	{"*RegistrationError", as[*akt.RegistrationError]},
	{"*UnhandledError", as[*akt.UnhandledError]},
	{"*DecodeError", as[*akt.DecodeError]},
	{"*ReplyTypeError", as[*akt.ReplyTypeError]},
	{"ErrStopped", is(akt.ErrStopped)},
	{"ErrMailboxFull", is(akt.ErrMailboxFull)},
	{"ErrDeadlock", is(akt.ErrDeadlock)},
	{"*PanicError", as[*akt.PanicError]},
	{"context.Canceled", is(context.Canceled)},
	{"context.DeadlineExceeded", is(context.DeadlineExceeded)},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// logbook is a slog.Handler that writes down what is the same each time: level, message and
// attributes, but for the actor, whom the row is about, and without times, stacks and random waits.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

// Enabled says that everything is written down.
func (*logbook) Enabled(context.Context, slog.Level) bool { return true }

// Handle writes a record down.
func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "stack" && a.Key != "backoff" {
			value := a.Value.String()
			if strings.ContainsAny(value, ` "=`) {
				value = fmt.Sprintf("%q", value)
			}
			line += " " + a.Key + "=" + value
		}
		return true
	})
	l.note(line)
	return nil
}

// WithAttrs is called with what names the actor.
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup is not called.
func (l *logbook) WithGroup(string) slog.Handler { return l }

func (l *logbook) note(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// read returns the lines, each once, with how often it was written.
func (l *logbook) read() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	times := map[string]int{}
	for _, line := range l.lines {
		times[line]++
	}
	for i, line := range l.lines {
		if slices.Index(l.lines, line) < i {
			continue
		}
		text := "`" + line + "`"
		if n := times[line]; n > 1 {
			text += fmt.Sprintf(" (%d times)", n)
		}
		lines = append(lines, text)
	}
	return lines
}
