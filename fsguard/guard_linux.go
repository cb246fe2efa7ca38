// SPDX-License-Identifier: MIT

package fsguard

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// ErrGuardClosed is the answer of a guard that was closed.
var ErrGuardClosed = errors.New("the guard is closed")

// Door is what the guard needs to serve a sandbox. The files stay their
// owner's, who closes them after the attachment was closed.
type Door struct {
	// Root is the sandbox's root directory, and Target the workspace's place in it.
	Root   *os.File
	Target string
	// Workspace is the writable mount beneath the read-only cover. Nil: nothing
	// is writable.
	Workspace *os.File
	// Listener is the seccomp listener. Nil: nothing is trapped. It is closed
	// with the attachment, or with the guard: the kernel then fails what would
	// have been asked (ENOSYS), where an open one would let it wait for ever.
	Listener *os.File
	// HostUID and HostGID are, for the sandbox's users and groups, their numbers
	// on the host; false when a number means nobody. Nil: the same numbers.
	HostUID, HostGID func(int) (int, bool)
	// Hidden reports whether the source holds anything hidden at or beneath a
	// path of the workspace. Nil: nothing is hidden.
	Hidden func(path string) bool
}

// Guard serves the doors of many sandboxes with a few threads. An idle sandbox
// costs none.
type Guard struct {
	owner Identity
	epoll int
	quit  int // eventfd, readable once the guard is closed

	mu      sync.Mutex
	closed  bool
	doors   map[int32]*Attachment // by listener
	wg      sync.WaitGroup
	workers int

	waiting  atomic.Int32 // workers that wait in epoll_wait(2)
	watch    watchdog
	watching atomic.Bool // the watchdog runs
	cores    *handOvers
}

// Identity is the user as which the guard acts: the sandbox's user, by the
// host's numbers. A negative UID is the caller.
type Identity struct{ UID, GID int }

// NewGuard starts a guard. It has no threads until a door is attached.
func NewGuard(owner Identity, opts ...GuardOption) (*Guard, error) {
	var o guardOptions
	for _, opt := range opts {
		opt(&o)
	}
	if err := owner.usable(); err != nil {
		return nil, err
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	quit, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, quit, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(quit)}); err != nil {
		unix.Close(epoll)
		unix.Close(quit)
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	g := &Guard{owner: owner, epoll: epoll, quit: quit, doors: make(map[int32]*Attachment)}
	g.watch.guard = g
	if !o.noHaltPolling {
		g.cores = joinHandOvers()
	}
	return g, nil
}

// Close ends the guard and returns when its threads are gone. Attached
// sandboxes are served no more: their workspaces become read-only.
func (g *Guard) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	g.mu.Unlock()
	_, _ = unix.Write(g.quit, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	g.wg.Wait()
	g.watch.wait()
	g.mu.Lock()
	for _, a := range g.doors { // nobody is left who would answer
		_ = a.door.Listener.Close()
	}
	g.mu.Unlock()
	unix.Close(g.epoll)
	unix.Close(g.quit)
	g.cores.leave()
	return nil
}

// Attachment is a sandbox that the guard serves.
type Attachment struct {
	guard    *Guard
	door     Door
	policy   *Policy
	root     int
	work     int // the writable mount, -1: none
	workID   uint64
	coverID  uint64 // of the mount that the sandbox sees, 0: not known
	listener int

	// moves orders the renaming of directories against all else: a name that
	// was decided on must still be the name when it is acted on.
	moves sync.RWMutex
	// births orders the making of directories, which lock it, against the renaming of
	// what is none: it must not be one by the time that the kernel gets to it. It is
	// taken after moves, by those who only read that.
	births sync.RWMutex
	umasks umasks
	copied recent       // files that were opened for writing: they are in the upper layer
	taken  atomic.Int32 // files of its processes that are not closed yet
	held   atomic.Int32 // workers that serve it without having its seat
	closed atomic.Bool
	inside sync.WaitGroup // workers that serve it
}

// Attach begins to serve a sandbox.
func (g *Guard) Attach(d Door, p *Policy) (*Attachment, error) {
	if d.Root == nil {
		return nil, errors.New("a door needs the sandbox's root")
	}
	a := &Attachment{guard: g, door: d, policy: p, root: int(d.Root.Fd()), work: -1, listener: -1, umasks: umasks{task: -1}}
	if d.Workspace != nil {
		a.work = int(d.Workspace.Fd())
		id, err := mountID(a.work)
		if err != nil {
			return nil, fmt.Errorf("statx of the workspace: %w", err)
		}
		a.workID = id
	}
	a.coverID = a.coverNow()
	if d.Listener == nil {
		return a, nil
	}
	a.listener = int(d.Listener.Fd())
	wakeSync(a.listener)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrGuardClosed
	}
	if err := unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, a.listener, a.event()); err != nil {
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	g.doors[int32(a.listener)] = a
	if g.workers == 0 {
		g.spawnLocked()
	}
	return a, nil
}

// Quiet says that no process but the init is left in the sandbox: all that
// start from now on begin with its umask.
func (a *Attachment) Quiet() { a.umasks.reset() }

// event arms a listener for one notification: whoever gets it is the only one
// to take from this listener until it is armed again.
func (a *Attachment) event() *unix.EpollEvent {
	return &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(a.listener)}
}

// rearm gives the listener back to whichever worker is free.
func (a *Attachment) rearm() {
	if !a.closed.Load() {
		_ = unix.EpollCtl(a.guard.epoll, unix.EPOLL_CTL_MOD, a.listener, a.event())
	}
}

// Close ends the serving of a sandbox: what it asks from now on fails, and its
// workspace is read-only. It returns when no thread works for it any more.
func (a *Attachment) Close() {
	g := a.guard
	g.mu.Lock()
	closed := a.closed.Swap(true)
	g.mu.Unlock()
	if closed {
		return
	}
	if a.listener >= 0 {
		g.mu.Lock()
		delete(g.doors, int32(a.listener))
		if !g.closed {
			_ = unix.EpollCtl(g.epoll, unix.EPOLL_CTL_DEL, a.listener, nil)
		}
		g.mu.Unlock()
	}
	a.inside.Wait()
	a.umasks.reset()
	if a.door.Listener != nil {
		_ = a.door.Listener.Close()
	}
}

// enter returns the attachment of a listener, held until leave.
func (g *Guard) enter(listener int32) *Attachment {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.doors[listener]
	if a != nil {
		a.inside.Add(1)
	}
	return a
}

// hold keeps an attachment from being closed until inside.Done, unless it is
// closed already.
func (a *Attachment) hold() bool {
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	if a.closed.Load() {
		return false
	}
	a.inside.Add(1)
	return true
}

func mountID(fd int) (uint64, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st)
	return st.Mnt_id, err
}
