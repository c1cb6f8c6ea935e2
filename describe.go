package akt

import "reflect"

// Description is what a type is known by as an actor: its handlers, sorted by name.
type Description struct {
	Type     reflect.Type // such as *bank.Account
	Handlers []HandlerDescription
}

// HandlerDescription describes one handler.
type HandlerDescription struct {
	Name    string       // what follows Handle in the method's name: what Raw.Name refers to
	Message reflect.Type // M
	Reply   reflect.Type // R; nil for a handler without a reply
	Method  string       // such as "HandleDeposit"
	File    string       // where the method is declared; empty if it is promoted from an embedded interface
	Line    int
}

// Describe returns the dispatch table of an actor or a Spawner. It starts nothing; for a Spawner of
// an interface type, it makes one state to look at. The error is the *RegistrationError that Run
// would return, or the *PanicError of such a Spawner.
func Describe(actor any) (Description, error) {
	t, err := tableOf(actor)
	if err != nil {
		return Description{}, err
	}
	d := Description{Type: t.typ, Handlers: make([]HandlerDescription, 0, len(t.handlers))}
	for _, h := range t.handlers {
		d.Handlers = append(d.Handlers, HandlerDescription{
			Name: h.name, Message: h.msg, Reply: h.reply, Method: h.method, File: h.file, Line: h.line,
		})
	}
	return d, nil
}
