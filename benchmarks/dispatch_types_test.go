package benchmarks

import "reflect"

// numbered is a thousand message types: one for each three digits.
type numbered[A, B, C any] struct{ N uint64 }

func (m numbered[A, B, C]) value() uint64 { return m.N }

// valued is what all message types implement.
type valued interface{ value() uint64 }

// The digits, and the first ten types, which have handlers of their own.
type (
	d0 struct{}
	d1 struct{}
	d2 struct{}
	d3 struct{}
	d4 struct{}
	d5 struct{}
	d6 struct{}
	d7 struct{}
	d8 struct{}
	d9 struct{}

	m0 = numbered[d0, d0, d0]
	m1 = numbered[d0, d0, d1]
	m2 = numbered[d0, d0, d2]
	m3 = numbered[d0, d0, d3]
	m4 = numbered[d0, d0, d4]
	m5 = numbered[d0, d0, d5]
	m6 = numbered[d0, d0, d6]
	m7 = numbered[d0, d0, d7]
	m8 = numbered[d0, d0, d8]
	m9 = numbered[d0, d0, d9]
)

// messageType is what is known of one message type.
type messageType struct {
	typ   reflect.Type
	make  func(n uint64) any
	value func(msg any) uint64 // of a message of exactly this type
}

// messageTypes are all thousand types, m0 to m9 first.
var messageTypes = everyType()

func everyType() (types []messageType) {
	hundred[d0](&types)
	hundred[d1](&types)
	hundred[d2](&types)
	hundred[d3](&types)
	hundred[d4](&types)
	hundred[d5](&types)
	hundred[d6](&types)
	hundred[d7](&types)
	hundred[d8](&types)
	hundred[d9](&types)
	return types
}

func hundred[A any](types *[]messageType) {
	ten[A, d0](types)
	ten[A, d1](types)
	ten[A, d2](types)
	ten[A, d3](types)
	ten[A, d4](types)
	ten[A, d5](types)
	ten[A, d6](types)
	ten[A, d7](types)
	ten[A, d8](types)
	ten[A, d9](types)
}

func ten[A, B any](types *[]messageType) {
	*types = append(*types,
		one[A, B, d0](),
		one[A, B, d1](),
		one[A, B, d2](),
		one[A, B, d3](),
		one[A, B, d4](),
		one[A, B, d5](),
		one[A, B, d6](),
		one[A, B, d7](),
		one[A, B, d8](),
		one[A, B, d9](),
	)
}

func one[A, B, C any]() messageType {
	return messageType{
		typ:   reflect.TypeFor[numbered[A, B, C]](),
		make:  func(n uint64) any { return numbered[A, B, C]{n} },
		value: func(msg any) uint64 { return msg.(numbered[A, B, C]).N },
	}
}
