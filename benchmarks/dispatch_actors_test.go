package benchmarks

import "github.com/aktgo/akt"

// exactActor has a handler for each of ten message types. Each adds its own mark to its reply.
type exactActor struct{ counter }

// mark tells the replies of the handlers of different types apart. Replies stay below 256, so that
// none is allocated.
func mark(handler uint64) uint64 { return 16 * handler }

func (a *exactActor) reply(handler, n uint64) (uint64, error) {
	a.handled++
	return mark(handler) + n, nil
}

func (a *exactActor) HandleM0(_ akt.Context, m m0) (uint64, error) { return a.reply(0, m.N) }
func (a *exactActor) HandleM1(_ akt.Context, m m1) (uint64, error) { return a.reply(1, m.N) }
func (a *exactActor) HandleM2(_ akt.Context, m m2) (uint64, error) { return a.reply(2, m.N) }
func (a *exactActor) HandleM3(_ akt.Context, m m3) (uint64, error) { return a.reply(3, m.N) }
func (a *exactActor) HandleM4(_ akt.Context, m m4) (uint64, error) { return a.reply(4, m.N) }
func (a *exactActor) HandleM5(_ akt.Context, m m5) (uint64, error) { return a.reply(5, m.N) }
func (a *exactActor) HandleM6(_ akt.Context, m m6) (uint64, error) { return a.reply(6, m.N) }
func (a *exactActor) HandleM7(_ akt.Context, m m7) (uint64, error) { return a.reply(7, m.N) }
func (a *exactActor) HandleM8(_ akt.Context, m m8) (uint64, error) { return a.reply(8, m.N) }
func (a *exactActor) HandleM9(_ akt.Context, m m9) (uint64, error) { return a.reply(9, m.N) }

// interfaceActor has one handler, for all messages that have a value.
type interfaceActor struct{ counter }

func (a *interfaceActor) HandleValued(_ akt.Context, m valued) (uint64, error) {
	a.handled++
	return m.value(), nil
}

// anyActor has one handler, for all messages.
type anyActor struct{ counter }

func (a *anyActor) HandleAny(_ akt.Context, m any) (uint64, error) {
	a.handled++
	return m.(valued).value(), nil
}

// The bound actors are the same, with the handlers promoted.
type (
	boundExactActor     struct{ exactActor }
	boundInterfaceActor struct{ interfaceActor }
	boundAnyActor       struct{ anyActor }
)

// bindDispatch gives all handlers of the bound actors to akt.Bind.
func bindDispatch() error {
	for _, bound := range []error{
		akt.Bind((*boundExactActor).HandleM0),
		akt.Bind((*boundExactActor).HandleM1),
		akt.Bind((*boundExactActor).HandleM2),
		akt.Bind((*boundExactActor).HandleM3),
		akt.Bind((*boundExactActor).HandleM4),
		akt.Bind((*boundExactActor).HandleM5),
		akt.Bind((*boundExactActor).HandleM6),
		akt.Bind((*boundExactActor).HandleM7),
		akt.Bind((*boundExactActor).HandleM8),
		akt.Bind((*boundExactActor).HandleM9),
		akt.Bind((*boundInterfaceActor).HandleValued),
		akt.Bind((*boundAnyActor).HandleAny),
	} {
		if bound != nil {
			return bound
		}
	}
	return nil
}
