// SPDX-License-Identifier: MIT

package runtime

import (
	"context"
	"errors"
	"os"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Errors of a runtime.
var (
	// ErrUnsupported is the answer when this machine lacks what was asked for.
	// It also matches errors.ErrUnsupported.
	ErrUnsupported = errors.ErrUnsupported
	// ErrEnded is the answer when the sandbox's init is gone, and with it all
	// of the sandbox's processes.
	ErrEnded = errors.New("the sandbox's processes have ended")
	// ErrScratch is the answer when Config.Scratch cannot be attached: it did not
	// come from an instance, or a Start has used it already.
	ErrScratch = errors.New("the kept file systems cannot be attached")
)

// Runtime starts sandboxes. All methods may be called concurrently.
type Runtime interface {
	// Name is the runtime's name as users write it: "native".
	Name() string
	// Owner is the host's user that the sandbox's own layers (upper, work,
	// masks, snapshots) must belong to. UID is -1 when that is the caller.
	Owner() Owner
	// Start builds a sandbox and returns when its init is ready to take commands.
	// A failure leaves nothing behind.
	Start(ctx context.Context, cfg Config) (Instance, error)
}

// Preparer is a Runtime that can do some of the work of the next Start ahead of it.
type Preparer interface {
	// Prepare begins that work in the background and returns at once. It may be
	// called at any time and any number of times. What fails, fails Start again. It
	// may leave a process that waits for the Start until the runtime is closed.
	Prepare()
}

// Substitute is a Runtime that may stand in for another, which this machine
// does not have.
type Substitute interface {
	// Note says what was asked for and why it is not to be had. It is empty when
	// the runtime is the one that was asked for.
	Note() string
}

// Owner is a user and a group of the host. A negative UID stands for the caller.
type Owner struct{ UID, GID int }

// Config is what a sandbox is built from.
type Config struct {
	// ID names the sandbox where the host has to have a name for it.
	ID string
	// Spec says what the sandbox's root, namespaces and init are like, and what
	// its processes may use. See NewSpec.
	Spec *specs.Spec
	// BestEffort lets a sandbox start whose limits cannot all be enforced; see
	// Limits.Enforced. Otherwise that is ErrUnsupported.
	BestEffort bool
	// Network is the network, of a Networked runtime. To others the spec says it.
	Network Network
	// Image is what the root is taken from, by a runtime that has images. Empty: the
	// runtime's default.
	Image string
	// View is the workspace.
	View View
	// Filter is the seccomp program, 8 bytes an instruction (struct sock_filter).
	Filter []byte
	// Notify says that Filter asks a listener; the Door then has one.
	Notify bool
	// HideContent makes no file of the workspace readable, by Landlock.
	HideContent bool
	// Scratch is what an earlier instance of the same sandbox has kept of its file
	// systems in memory; see Parker. Nil: they are new, and empty. It serves one
	// Start: one that fails leaves it as good as it was, and one that succeeds
	// leaves it of no use. It stays the caller's to close. Their sizes stay as they
	// were, whatever the Spec says.
	Scratch *os.File
}

// View is how the workspace is put together.
type View struct {
	Target string // where it is seen: "/workspace"
	// Lower are the read-only layers, the top one first. One that is alone, without
	// a delta, may be mounted as it is: its FIFOs and sockets are then the host's
	// own, and can be written to.
	Lower []Layer
	// Facade says that the top layer has all directories of the others. Those
	// are merged by an overlay of their own, so that no directory tells what
	// one of them hides of another.
	Facade bool
	// Above are read-only layers between those and the delta, the top one first.
	// They are part of no facade.
	Above []Layer
	// Delta is the directory that holds "upper", the overlay's writable layer,
	// and "work", its work directory, on a file system that is not itself an
	// overlay. Empty: the workspace cannot be written.
	Delta string
	// DeltaMount is a detached mount (fsmount(2)) of what Delta shows, for one
	// start: where it is given, Delta is in no mount namespace. Only a
	// privileged runtime needs to know it. It stays the caller's to close.
	DeltaMount *os.File
}

// Layer is a read-only layer.
type Layer struct {
	Dir string
	// MapOwner makes the files of the directory's owner appear as the
	// sandbox's user's, by an ID-mapped mount. Only a privileged runtime needs it.
	MapOwner bool
}

// Door is what a guard needs to serve a sandbox. The files are those of the
// instance and are closed with it.
type Door struct {
	// Root is the sandbox's root directory, O_PATH.
	Root *os.File
	// Workspace is the writable mount beneath the cover, O_PATH. Nil when
	// nothing is writable.
	Workspace *os.File
	// Listener is the seccomp listener. Nil without Config.Notify.
	Listener *os.File
	// User is the user of all the sandbox's processes, as the host numbers it and
	// as the mounts have it. Nil: the runtime's Owner, which is UserID inside.
	User *User
}

// User is the one user that a sandbox's processes have.
type User struct {
	Owner
	// Shift is what its user namespace adds to the numbers inside.
	Shift int
}

// Instance is a running sandbox. All methods may be called concurrently.
type Instance interface {
	Door() Door
	// Limits hold the instance to what it may use. It is never nil.
	Limits() Limits
	// Start runs a command. The files are not kept: the caller may close them
	// when Start has returned.
	Start(cmd Command) (Process, error)
	// Done is closed when the init is gone.
	Done() <-chan struct{}
	// Kill ends all processes and returns when none is left. The files of the
	// door stay open, so that a guard can finish with them.
	Kill()
	// Close kills and closes the files of the door. Closing again does nothing.
	Close() error
}

// Parker is an Instance whose file systems in memory can outlive it: /tmp, the
// home and /dev/shm. That a sandbox has been closed and started again meanwhile
// is not to be seen in them.
type Parker interface {
	// Scratch returns what holds them, for Config.Scratch of the sandbox's next
	// Start. It is nil when nothing was ever left there: the next instance then
	// has the same without it. It is called between Kill and Close, and once: the
	// file is the caller's, Close does not touch it, and it keeps the memory that
	// the files take until it is closed.
	Scratch() *os.File
}

// Furnished is an Instance whose root brings an environment for its commands,
// such as an image's.
type Furnished interface {
	// Environ is the environment to which a command's own is added, KEY=value.
	Environ() []string
}

// Witness is an Instance that can tell why it has ended by itself.
type Witness interface {
	// Cause returns the reason once Done is closed, and nil when it is not known
	// or when it was ended by Kill.
	Cause() error
}

// Networked is a Runtime that has other networks than none and the host's.
type Networked interface {
	// CheckNetwork reports what is wrong with the name of a network. Whether it
	// exists shows when a sandbox is started.
	CheckNetwork(n Network) error
}

// Command is a command to start.
type Command struct {
	Argv []string // Argv[0] is looked up in the PATH of Env unless it has a slash
	Env  []string // the whole environment, KEY=value
	Dir  string   // absolute working directory
	// The three standard files. None may be nil.
	Stdin, Stdout, Stderr *os.File
	// Files are further ones, from descriptor 3 on.
	Files []*os.File
	// TTY makes Stdin, the slave of a pseudo-terminal of the sandbox, the
	// command's controlling terminal (tty_ioctl(4), TIOCSCTTY).
	TTY bool
}

// Process is a started command.
type Process interface {
	// Wait returns how the command ended. Repeated calls return the same.
	// When ctx ends first the command goes on.
	Wait(ctx context.Context) (Status, error)
	// Signal signals all processes of the command, and those of no other.
	Signal(sig os.Signal) error
	// Settle notes what runs beneath the command now, for Interrupt, and returns
	// when that is done.
	Settle(ctx context.Context) error
	// Interrupt sends sig to what runs beneath the command and did not yet when
	// it was last settled, and leader to the command itself. It is how the one
	// thing is ended that a shell does, and neither the shell nor its jobs. When
	// it returns the signals have been sent.
	Interrupt(sig, leader os.Signal) error
}

// Status is how a command ended.
type Status struct {
	ExitCode   int // 128 + the signal's number when one ended it
	Signal     int // the signal that ended it; 0: none
	User       time.Duration
	System     time.Duration
	PeakMemory int64 // bytes: the largest resident set of any one of its processes
}

// StartError says why a command never ran.
type StartError struct {
	Step string // "chdir" or "exec"
	Path string // the directory or the program
	Err  error  // an errno
}

func (e *StartError) Error() string { return e.Step + " " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the errno.
func (e *StartError) Unwrap() error { return e.Err }
