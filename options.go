package akt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aktgo/akt/internal/lifetime"
	"github.com/aktgo/akt/internal/names"
	"github.com/aktgo/akt/internal/values"
)

// DefaultMailbox is the capacity of a public mailbox for which [WithMailbox] says nothing.
const DefaultMailbox = 1024

// Option changes how an actor is run. Its String says what it does, such as `WithName("bank")`.
type Option interface {
	fmt.Stringer
	apply(*config) error
	namesSystem() (s *System, does bool)
}

// config is what the options of an actor come to. It is not changed once the actor runs.
type config struct {
	own      names.Own // the name that was given; of a child its own part
	capacity int32
	inline   bool
	logger   *slog.Logger
	base     *values.Carried // the values of WithContext
	spawner  spawner
	parent   *actor

	supervisor   *Supervisor // with its defaults filled in; nil for the default one
	interceptors []Interceptor
	chain        *chain    // of the interceptors, nil where there are none
	claim        *creation // of LookupOrRun, on the name

	limits *limits // of its life; nil where there are none
}

// named reports whether the name was given: the actor can be looked up, and its system holds it.
func (c *config) named() bool { return c.own.Given != "" }

// limits are what few actors have: an end that comes by itself, and how long an end may take.
type limits struct {
	until       context.Context // the context of WithContext
	stopTimeout time.Duration   // 0 for none
	life        *lifetime.Life  // with a stopTimeout: ended by it, or with the system's
}

// limited returns the limits, to be changed by an option.
func (c *config) limited() *limits {
	if c.limits == nil {
		c.limits = &limits{}
	}
	return c.limits
}

// noLimits are those of a config that has none.
var noLimits limits

// within are the limits.
func (c *config) within() *limits {
	if c.limits == nil {
		return &noLimits
	}
	return c.limits
}

type option struct {
	text string
	set  func(*config) error
}

func (o option) String() string                            { return o.text }
func (o option) apply(c *config) error                     { return o.set(c) }
func (option) namesSystem() (s *System, does bool)         { return nil, false }
func optionOf(text string, set func(*config) error) Option { return option{text, set} }

// plainConfig is the configuration of all actors without options, which is shared and not changed.
var plainConfig = config{capacity: DefaultMailbox}

// configure applies options in their order; a later one wins.
func configure(defaults, opts []Option) (*config, error) {
	if len(defaults)+len(opts) == 0 {
		return &plainConfig, nil
	}
	c := &config{capacity: DefaultMailbox}
	var faults []error
	for _, o := range slices.Concat(defaults, opts) {
		if o == nil {
			faults = append(faults, errors.New("akt: an option is nil"))
			continue
		}
		if err := o.apply(c); err != nil {
			faults = append(faults, err)
		}
	}
	return c, errors.Join(faults...)
}

// WithName gives the actor a name, by which [System.Lookup] finds it. The name is unique in its
// system: while another actor has it, Run fails with ErrNameTaken. A named actor is held by its
// system until it is stopped, also when all its addresses were released. The name must not be
// empty; without the option an actor has a made-up name such as "Account-17", which is not found by
// Lookup and holds nothing. The name of a child is a path: the child "ann" of the actor "room" is
// "/room/ann", in Lookup too.
func WithName(name string) Option {
	return optionOf(fmt.Sprintf("WithName(%q)", name), func(c *config) error {
		if name == "" {
			return errors.New(`akt: WithName(""): the name is empty; ` +
				`leave the option out for a made-up one`)
		}
		c.own.Given = name
		return nil
	})
}

// WithMailbox sets the capacity of the public mailbox: how many messages it accepts whose handling
// has not begun. It must be at least 1 and at most 2³¹−1; the default is [DefaultMailbox].
func WithMailbox(capacity int) Option {
	return optionOf(fmt.Sprintf("WithMailbox(%d)", capacity), func(c *config) error {
		if capacity < 1 || int64(capacity) > 1<<31-1 {
			return fmt.Errorf("akt: WithMailbox(%d): the capacity must be at least 1 "+
				"and at most 2147483647", capacity)
		}
		c.capacity = int32(capacity)
		return nil
	})
}

// WithSystem runs the actor in a system other than [Default]. It is for [Run]; nil means Default.
func WithSystem(s *System) Option {
	return systemChoice{optionOf("WithSystem", func(*config) error { return nil }), s}
}

// systemChoice is WithSystem. It is looked at before all options are applied, as a system has
// options of its own.
type systemChoice struct {
	Option
	system *System
}

func (o systemChoice) namesSystem() (s *System, does bool) { return o.system, true }

// systemOf is the system that an actor with these options runs in, where it was asked of s to run
// it.
func systemOf(opts []Option, s *System) *System {
	for _, o := range slices.Backward(opts) {
		if o == nil {
			continue
		}
		if named, does := o.namesSystem(); does {
			return cmp.Or(named, s) // nil names none
		}
	}
	return s
}

// WithLogger sets where the actor logs to. The default is slog.Default() at the time of logging.
func WithLogger(l *slog.Logger) Option {
	return optionOf("WithLogger", func(c *config) error {
		c.logger = l
		return nil
	})
}

// WithInlineSend lets a request run its handler on the sender's goroutine whenever the actor is
// idle, also where the sender's context can end: the fastest way, but such a Send returns only when
// the handler does. Without the option this happens only where the sender's context can never end,
// so that nobody could notice. No more than 63 handlers run within each other on one goroutine,
// where each passes its ctx on; further requests are queued.
func WithInlineSend() Option {
	return optionOf("WithInlineSend", func(c *config) error {
		c.inline = true
		return nil
	})
}

// WithStopTimeout sets how long the end of the actor waits for the handler that runs and for the
// queue, whoever asked for it: Stop, Drain, Release, WithContext, its parent. After that the
// Context of the handler ends, and those who are queued are told that the actor has stopped. A
// handler that goes on all the same is still waited for. The default, 0, is no limit; d must not be
// negative. After [Context.Stop] the queue is not waited for anyway. While [System.Shutdown]
// handles what was accepted, its own ctx is the limit.
func WithStopTimeout(d time.Duration) Option {
	return optionOf(fmt.Sprintf("WithStopTimeout(%v)", d), func(c *config) error {
		if d < 0 {
			return fmt.Errorf("akt: WithStopTimeout(%v): the time must not be negative; "+
				"0 means no limit", d)
		}
		c.limited().stopTimeout = d
		return nil
	})
}

// WithContext gives the handlers of timers, notifications and functions of Do, and the hooks, the
// values of ctx, behind those of the sender. It stops the actor when ctx ends, as [Address.Stop]
// does, and ends OnStart's Context. Run fails with ErrStopped if ctx has ended already.
func WithContext(ctx context.Context) Option {
	var base *values.Carried
	if ctx != nil {
		// Here, so that it is one for all actors that the option is given to.
		base = values.BaseOf(ctx, seeThrough)
	}
	return optionOf("WithContext", func(c *config) error {
		if ctx == nil {
			return errors.New("akt: WithContext: the context is nil; leave the option out")
		}
		c.base, c.limited().until = base, ctx
		return nil
	})
}

// WithSupervisor sets what happens after a failure of the actor; see [Supervisor]. Without the
// option the zero Supervisor applies. Run fails where a field is out of its range.
func WithSupervisor(s Supervisor) Option {
	complete, err := s.completed()
	text := fmt.Sprintf("WithSupervisor(MaxRestarts %d, Window %v, BackoffMin %v, BackoffMax %v)",
		complete.MaxRestarts, complete.Window, complete.BackoffMin, complete.BackoffMax)
	return optionOf(text, func(c *config) error {
		c.supervisor = complete
		return err
	})
}

var defaultSupervisor = Supervisor{
	MaxRestarts: 5, Window: time.Minute,
	BackoffMin: 100 * time.Millisecond, BackoffMax: 30 * time.Second,
}

// completed is the supervisor with its defaults filled in, or what is wrong with it.
func (s Supervisor) completed() (*Supervisor, error) {
	var faults []error
	for _, field := range []struct {
		name         string
		value        *time.Duration
		defaultValue time.Duration
	}{
		{"Window", &s.Window, defaultSupervisor.Window},
		{"BackoffMin", &s.BackoffMin, defaultSupervisor.BackoffMin},
		{"BackoffMax", &s.BackoffMax, defaultSupervisor.BackoffMax},
	} {
		switch {
		case *field.value < 0:
			faults = append(faults, fmt.Errorf("akt: WithSupervisor: %s is %v; it must not be "+
				"negative, and 0 means %v", field.name, *field.value, field.defaultValue))
		case *field.value == 0:
			*field.value = field.defaultValue
		}
	}
	if s.BackoffMin > s.BackoffMax && s.BackoffMax >= 0 {
		faults = append(faults, fmt.Errorf("akt: WithSupervisor: BackoffMin is %v and "+
			"BackoffMax %v; BackoffMin must not be above it", s.BackoffMin, s.BackoffMax))
	}
	if s.MaxRestarts == 0 {
		s.MaxRestarts = defaultSupervisor.MaxRestarts
	}
	return &s, errors.Join(faults...)
}
