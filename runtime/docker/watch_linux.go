// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// watcher hears from the engine what becomes of the containers of a runtime, for as
// long as there are any: which of them somebody else has taken, and how.
type watcher struct {
	mu    sync.Mutex
	known map[string]*instance // by container
	stop  context.CancelFunc
	done  chan struct{}
}

// add begins to watch a container.
func (w *watcher) add(r *Runtime, c *instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		w.known = map[string]*instance{}
	}
	w.known[c.id] = c
	if w.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop, w.done = cancel, make(chan struct{})
	go w.run(ctx, r, w.done)
}

// drop ends that. When no container is left, nothing of the watcher is when it returns.
func (w *watcher) drop(c *instance) {
	w.mu.Lock()
	delete(w.known, c.id)
	if len(w.known) > 0 || w.stop == nil {
		w.mu.Unlock()
		return
	}
	stop, done := w.stop, w.done
	w.stop = nil
	w.mu.Unlock()
	stop()
	<-done
}

func (w *watcher) run(ctx context.Context, r *Runtime, done chan struct{}) {
	defer close(done)
	me, err := self()
	if err != nil {
		return
	}
	filters := client.Filters{}.Add("type", string(events.ContainerEventType)).Add("label", labelOwner+"="+me.String())
	for since := time.Now(); ctx.Err() == nil; {
		stream := r.client.Events(ctx, client.EventsListOptions{Filters: filters, Since: fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond())})
		for open := true; open; {
			select {
			case m := <-stream.Messages:
				since = time.Unix(0, m.TimeNano+1)
				w.hear(m)
			case <-stream.Err:
				open = false
			}
		}
		w.deaf("the engine at " + r.host + " has gone away")
		if w.wait(ctx, r) {
			w.deaf("")
		}
	}
}

// wait waits until the engine is back, unless ctx ends before.
func (w *watcher) wait(ctx context.Context, r *Runtime) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
		limited, done := r.patient(ctx)
		_, err := r.client.Ping(limited, client.PingOptions{})
		if done("", err) == nil {
			return true
		}
	}
}

// hear acts on what the engine says.
func (w *watcher) hear(m events.Message) {
	w.mu.Lock()
	c := w.known[m.Actor.ID]
	w.mu.Unlock()
	if c == nil {
		return
	}
	switch m.Action {
	case events.ActionPause:
		// It would answer to nothing, for as long as nobody unpauses it.
		c.taken(fmt.Errorf("%w: it was paused", ErrTaken))
		go c.Kill()
	case events.ActionKill:
		c.taken(fmt.Errorf("%w: it was sent signal %s", ErrTaken, m.Actor.Attributes["signal"]))
	case events.ActionOOM:
		c.note("it ran out of memory")
	case events.ActionDie:
		c.note("its init ended with exit code " + m.Actor.Attributes["exitCode"])
	}
}

// deaf notes of all containers why nothing can be heard of them; "": it can be again.
func (w *watcher) deaf(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.known {
		c.deaf(why)
	}
}
