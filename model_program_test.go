package akt_test

import (
	"fmt"
	"strings"
)

// puppetProgram is what the bytes of FuzzInterleavings say: a small world of actors, and what is done in it.
type puppetProgram struct {
	concurrent bool // clients run at the same time; otherwise the steps are taken one by one, each compared with the model
	inline     bool // WithInlineSend
	spawner    bool // the actors are run from a Spawner
	lockStep   bool // clients that run at the same time wait for each other after every step
	release    bool // at the end the addresses are released; otherwise the actors are stopped
	actors     int
	clients    int
	capacity   int
	steps      []puppetStep
}

// puppetStep is one operation of a program.
type puppetStep struct {
	verb puppetVerb
	act  puppetAct // of the message, where the verb sends one
	arg  int       // picks the actor, the address, the call to cancel
}

// puppetVerb is what a client does.
type puppetVerb string

const (
	doSend              puppetVerb = "Send"
	doSendCancellable   puppetVerb = "Send with a ctx that can end"
	doSendEnded         puppetVerb = "Send with a ctx that has ended"
	doNotify            puppetVerb = "Notify"
	doNotifyCancellable puppetVerb = "Notify with a ctx that can end"
	doTryNotify         puppetVerb = "TryNotify"
	doPrivateSend       puppetVerb = "private Send"
	doPrivateNotify     puppetVerb = "private Notify"
	doCancel            puppetVerb = "cancel the ctx of a call"
	doLetGo             puppetVerb = "let go of a handler"
	doStop              puppetVerb = "Address.Stop"
	doContextStop       puppetVerb = "Context.Stop from outside"
	doClone             puppetVerb = "Clone"
	doUpgrade           puppetVerb = "Downgrade and Upgrade"
	doRelease           puppetVerb = "Release"
)

// verbs has each verb as often as a byte should mean it.
var verbs = []puppetVerb{
	doSend, doSend, doSend, doSendCancellable, doSendCancellable, doSendCancellable, doSendCancellable, doSendEnded,
	doNotify, doNotify, doNotify, doNotify, doNotifyCancellable, doNotifyCancellable, doTryNotify, doTryNotify, doTryNotify,
	doPrivateSend, doPrivateSend, doPrivateNotify, doPrivateNotify, doPrivateNotify, doCancel, doCancel, doCancel,
	doLetGo, doLetGo, doLetGo, doLetGo, doLetGo, doLetGo, doStop, doContextStop, doClone, doClone, doUpgrade, doRelease, doRelease,
}

// puppetAct is what the handler of a message does.
type puppetAct string

const (
	actReply   puppetAct = "replies"
	actFail    puppetAct = "fails"
	actHold    puppetAct = "holds the actor"
	actTell    puppetAct = "notifies itself"
	actForward puppetAct = "notifies the other actor"
	actCancel  puppetAct = "cancels a call"
	actStop    puppetAct = "stops the actor"
	actVeto    puppetAct = "stops the actor, which vetoes"
	actPanic   puppetAct = "panics"
)

// acts has each act as often as a byte should mean it.
var acts = []puppetAct{
	actReply, actReply, actReply, actReply, actReply, actReply, actHold, actHold, actHold, actHold, actHold, actHold,
	actFail, actFail, actTell, actTell, actForward, actForward, actCancel, actCancel, actCancel, actVeto, actStop, actPanic,
}

const maxSteps = 48

// What the bits of a program's first byte mean. The second byte is for the capacity.
const (
	bitConcurrent = 1 << iota
	bitLockStep
	bitInline
	bitSpawner
	bitRelease
	bitTwoActors
	bitThirdClient
)

// decodeProgram makes a program of any bytes: the world, then three bytes for each step.
func decodeProgram(data []byte) puppetProgram {
	p := puppetProgram{actors: 1, clients: 2, capacity: 1}
	if len(data) < 2 {
		return p
	}
	world := data[0]
	p.concurrent = world&bitConcurrent != 0
	p.lockStep = world&bitLockStep != 0
	p.inline = world&bitInline != 0
	p.spawner = world&bitSpawner != 0
	p.release = world&bitRelease != 0
	if world&bitTwoActors != 0 {
		p.actors = 2
	}
	if world&bitThirdClient != 0 {
		p.clients = 3
	}
	p.capacity = 1 + int(data[1])%3
	for data = data[2:]; len(data) >= 3 && len(p.steps) < maxSteps; data = data[3:] {
		p.steps = append(p.steps, puppetStep{verbs[int(data[0])%len(verbs)], acts[int(data[1])%len(acts)], int(data[2])})
	}
	return p
}

// encode is the inverse of decodeProgram, for seeds.
func (p puppetProgram) encode() []byte {
	world := byte(0)
	for _, bit := range []struct {
		set  bool
		mask byte
	}{
		{p.concurrent, bitConcurrent}, {p.lockStep, bitLockStep}, {p.inline, bitInline}, {p.spawner, bitSpawner},
		{p.release, bitRelease}, {p.actors == 2, bitTwoActors}, {p.clients == 3, bitThirdClient},
	} {
		if bit.set {
			world |= bit.mask
		}
	}
	data := []byte{world, byte(max(0, p.capacity-1))}
	for _, s := range p.steps {
		data = append(data, indexOf(verbs, s.verb), indexOf(acts, s.act), byte(s.arg))
	}
	return data
}

func indexOf[T comparable](list []T, what T) byte {
	for i, v := range list {
		if v == what {
			return byte(i)
		}
	}
	return 0
}

// String lists the program, for the report of a failure.
func (p puppetProgram) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program %#v\nconcurrent %t, lockStep %t, inline %t, spawner %t, release %t, actors %d, clients %d, capacity %d\n",
		p.encode(), p.concurrent, p.lockStep, p.inline, p.spawner, p.release, p.actors, p.clients, p.capacity)
	for i, s := range p.steps {
		fmt.Fprintf(&b, "%2d  %s, arg %d", i, s.verb, s.arg)
		if strings.Contains(string(s.verb), "Send") || strings.Contains(string(s.verb), "otify") {
			fmt.Fprintf(&b, ", whose handler %s", s.act)
		}
		b.WriteString("\n")
	}
	return b.String()
}
