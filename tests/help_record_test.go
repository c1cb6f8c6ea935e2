package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aktgo/akt"
)

// These helpers record what happens: in actors, in logs and in dead letters.

// journal is a list of lines that may be written from anywhere.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}

// entry is an act that writes a line.
func (j *journal) entry(format string, args ...any) dollAct {
	return deed(func(akt.Context) { j.add(format, args...) })
}

// lifeOf is a doll that writes its hooks into a journal.
func lifeOf(j *journal) *doll {
	return &doll{
		onStart:    func(akt.Context) error { j.add("OnStart"); return nil },
		onStopping: func(akt.Context) bool { j.add("OnStopping"); return true },
		onStopped:  func(akt.Context) { j.add("OnStopped") },
	}
}

// deadLetters is a system whose dead letters are written into a journal as "message type: cause".
func deadLetters(j *journal) *akt.System {
	return akt.NewSystem(akt.WithDefaults(quiet()), akt.WithDeadLetters(func(d akt.DeadLetter) {
		cause := d.Err.Error()
		if errors.Is(d.Err, akt.ErrStopped) {
			cause = "stopped"
		}
		j.add("%s: %s", d.Message, cause)
	}))
}

// supLog is a slog.Handler that writes level and message into a journal.
type supLog struct{ j *journal }

func (l supLog) Enabled(context.Context, slog.Level) bool { return true }
func (l supLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l supLog) WithGroup(string) slog.Handler            { return l }

func (l supLog) Handle(_ context.Context, r slog.Record) error {
	l.j.add("%s %s", r.Level, r.Message)
	return nil
}

// failLog is a slog.Handler that keeps records, with the attributes of their logger.
type failLog struct {
	attrs []slog.Attr
	kept  *failRecords
}

func (l failLog) Enabled(context.Context, slog.Level) bool { return true }
func (l failLog) WithGroup(string) slog.Handler            { return l }

func (l failLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return failLog{append(l.attrs[:len(l.attrs):len(l.attrs)], attrs...), l.kept}
}

func (l failLog) Handle(_ context.Context, r slog.Record) error {
	record := map[string]string{"level": r.Level.String(), "text": r.Message}
	note := func(a slog.Attr) bool { record[a.Key] = a.Value.String(); return true }
	for _, a := range l.attrs {
		note(a)
	}
	r.Attrs(note)
	l.kept.mu.Lock()
	defer l.kept.mu.Unlock()
	l.kept.records = append(l.kept.records, record)
	return nil
}

type failRecords struct {
	mu      sync.Mutex
	records []map[string]string
}

func newFailLog() failLog { return failLog{kept: &failRecords{}} }
