// An HTTP server whose requests are answered by an actor, shut down by a signal without losing an
// accepted request: first the server, which waits for the requests under way, then the actors. It
// sends itself the signal here, while three requests are being handled; interrupt it, and it does
// the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/aktgo/akt"
)

// Counter counts the visits to a page.
type Counter struct{ visits int }

// Visit is one visit. Nobody knows how long counting it takes.
type Visit struct{ counted <-chan struct{} }

// HandleVisit handles Visit.
func (c *Counter) HandleVisit(ctx akt.Context, v Visit) (int, error) {
	select {
	case <-v.counted:
	case <-ctx.Done():
		return 0, ctx.Err() // the client has gone, or Shutdown has run out of patience
	}
	c.visits++
	return c.visits, nil
}

// OnStopped is the last call.
func (c *Counter) OnStopped(akt.Context) { fmt.Println("the counter stops at", c.visits) }

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	accepted := make(chan struct{}) // receives for each request that has arrived
	counted := make(chan struct{})  // closed when the visits may be counted

	// region server
	ctx, quit := signal.NotifyContext(context.Background(), os.Interrupt)
	defer quit()

	system := akt.NewSystem()
	counter, err := system.Run(&Counter{}, akt.WithName("counter"))
	if err != nil {
		return err
	}
	handle := func(w http.ResponseWriter, r *http.Request) {
		accepted <- struct{}{}
		visits, err := akt.Ask[int](r.Context(), counter, Visit{counted})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		if _, err := fmt.Fprintln(w, "visit", visits); err != nil {
			log.Print(err)
		}
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(handle)}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	// endregion

	clients := visit("http://"+listener.Addr().String(), 3)
	go func() {
		for range 3 {
			<-accepted
		}
		fmt.Println("interrupted while requests are under way")
		interrupt(quit)
	}()
	server.RegisterOnShutdown(func() { close(counted) })

	// region shutdown
	<-ctx.Done() // of signal.NotifyContext: interrupted
	patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = server.Shutdown(patience)                   // requests under way are answered
	err = errors.Join(err, system.Shutdown(patience)) // messages accepted are handled
	// endregion

	clients()
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// visit sends requests, all at once, and returns a function that prints how many were answered.
func visit(url string, n int) (report func()) {
	var clients sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for range n {
		clients.Go(func() {
			request, err := http.NewRequestWithContext(
				context.Background(), http.MethodGet, url, http.NoBody)
			if err != nil {
				log.Print(err)
				return
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				log.Print(err)
				return
			}
			_, err = io.Copy(io.Discard, response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				log.Print(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if response.StatusCode == http.StatusOK {
				answered++
			}
		})
	}
	return func() {
		clients.Wait()
		fmt.Printf("%d of %d requests were answered\n", answered, n)
	}
}

// interrupt sends this process the signal, or does without where that is not possible, as on
// Windows.
func interrupt(quit func()) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(os.Interrupt)
	}
	if err != nil {
		quit()
	}
}
