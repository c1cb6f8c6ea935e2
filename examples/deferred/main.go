// Deferred shows replies that come later. A handler that returns a Future is done at once, and its
// actor goes on answering; whoever asked waits for the Future. Go runs a slow job off the message
// loop; a Promise is kept by the actor, until another message resolves it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aktgo/akt"
)

// Library lends books, one copy of each.
type Library struct {
	archive chan string // where old books are found; slow to answer
	readers int
	lent    map[string][]*akt.Promise[string] // by title: who waits for the book
}

type (
	// Find is answered with the place of an old book, which takes a while.
	Find struct{ Title string }
	// Enter is answered with the number of readers who have entered, at once.
	Enter struct{}
	// Borrow is answered when the book is there.
	Borrow struct{ Title string }
	// Return brings a book back.
	Return struct{ Title string }
)

var errUnknown = errors.New("no such book")

// region later

// HandleFind leaves the search to a goroutine, which must not touch the library's own fields.
func (l *Library) HandleFind(ctx akt.Context, m Find) *akt.Future[string] {
	archive := l.archive
	return akt.Go(ctx, func(ctx context.Context) (string, error) {
		return search(ctx, archive, m.Title)
	})
}

// endregion

// search takes a while. Its context is that of the request: when nobody waits any more, it ends.
func search(ctx context.Context, archive <-chan string, title string) (string, error) {
	if title == "" {
		return "", errUnknown
	}
	select {
	case place := <-archive:
		return place, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// HandleEnter answers while searches go on.
func (l *Library) HandleEnter(akt.Context, Enter) int {
	l.readers++
	return l.readers
}

// HandleBorrow promises the book: it is resolved now if the book is there, otherwise by a Return.
func (l *Library) HandleBorrow(ctx akt.Context, m Borrow) *akt.Future[string] {
	promise, future := akt.NewPromise[string](ctx)
	waiting, lent := l.lent[m.Title]
	if lent {
		l.lent[m.Title] = append(waiting, promise)
		return future
	}
	l.lent[m.Title] = nil
	promise.Resolve(m.Title)
	return future
}

// HandleReturn gives the book to the next reader.
func (l *Library) HandleReturn(_ akt.Context, m Return) {
	waiting := l.lent[m.Title]
	if len(waiting) == 0 {
		delete(l.lent, m.Title)
		return
	}
	l.lent[m.Title] = waiting[1:]
	waiting[0].Resolve(m.Title)
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	archive := make(chan string, 1)
	library, err := akt.Run(&Library{archive: archive, lent: map[string][]*akt.Promise[string]{}})
	if err != nil {
		return err
	}
	defer library.Release()

	// Send returns what the handler returned, the Future, without waiting for it.
	reply, err := library.Send(ctx, Find{"Kalevala"})
	if err != nil {
		return err
	}
	found := reply.(*akt.Future[string])
	fmt.Println("searching for Kalevala")

	readers, err := akt.Ask[int](ctx, library, Enter{})
	if err != nil {
		return err
	}
	fmt.Println("meanwhile, reader number", readers, "has entered")

	archive <- "shelf 7" // only now can the search end
	place, err := found.Wait(ctx)
	if err != nil {
		return err
	}
	fmt.Println("Kalevala is on", place)

	// SendUnpack waits for the Future's value, and so does Ask, which is typed.
	archive <- "shelf 9"
	reply, err = library.SendUnpack(ctx, Find{"Edda"})
	if err != nil {
		return err
	}
	fmt.Println("Edda is on", reply)

	_, err = akt.Ask[string](ctx, library, Find{""})
	fmt.Println("a book without a title:", err) // the job's own error, unchanged
	if !errors.Is(err, errUnknown) {
		return err
	}

	// Ann gets the book at once. Ben's request is answered by Ann's Return.
	book, err := akt.Ask[string](ctx, library, Borrow{"Ilias"})
	if err != nil {
		return err
	}
	fmt.Println("Ann reads", book)
	later, err := akt.Ask[*akt.Future[string]](ctx, library, Borrow{"Ilias"})
	if err != nil {
		return err
	}
	fmt.Println("Ben waits")
	if err := library.Notify(ctx, Return{"Ilias"}); err != nil {
		return err
	}
	if book, err = later.Wait(ctx); err != nil {
		return err
	}
	fmt.Println("Ben reads", book)
	return nil
}
