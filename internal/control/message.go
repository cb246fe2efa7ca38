// SPDX-License-Identifier: MIT

package control

import "fmt"

// Kind is the first byte of each message.
type Kind byte

// The messages, by who sends them.
const (
	KindSetup   Kind = 1 + iota // owner: what to build, and its files
	KindExec                    // owner: run a command; stdin, stdout, stderr attached
	KindKill                    // owner: signal a command's processes
	KindSettle                  // owner: note what runs beneath a command
	KindHello                   // init: what is kept; built, with listener, workspace, root
	KindReady                   // init: takes commands
	KindFault                   // init: could not be built
	KindExit                    // init: a command ended
	KindRefused                 // init: a command could not be started
	KindSettled                 // init: noted
	KindSpawn                   // owner: fork an init; its socket attached
	KindMapIDs                  // owner: make a user namespace; a socket attached
	KindSpawned                 // spawner: forked; pidfd attached
	KindMapped                  // spawner: made; user namespace attached
	KindTaken                   // init: has its set-up
)

// Exec asks for a command. Its files come with the message: the standard
// three, and those that it has from descriptor 3 on.
type Exec struct {
	ID   uint64
	Argv []string
	Env  []string
	Dir  string
	TTY  bool // the first file becomes its controlling terminal
	// OpenFiles is the hard limit of open files that it has at most; 0: what the init's
	// own leaves.
	OpenFiles uint64
}

// Kill asks that the processes of a command get a signal.
type Kill struct {
	ID     uint64
	Signal int
	// Fresh spares what ran beneath the leader when the command was last
	// settled. The leader itself then gets the signal Leader instead. It is
	// answered by Settled.
	Fresh  bool
	Leader int
}

// Settle asks the init to note what runs beneath a command's leader.
type Settle struct{ ID uint64 }

// Settled is the answer to Settle, and to a Kill of what is fresh.
type Settled struct{ ID uint64 }

// Exit says how a command ended. Status is that of wait(2); times are
// microseconds, memory KiB.
type Exit struct {
	ID         uint64
	Status     uint32
	UserMicros int64
	SysMicros  int64
	MaxRSSKiB  int64
}

// Refused says why a command never ran.
type Refused struct {
	ID    uint64
	Step  string // "chdir" or "exec"
	Errno int
}

// Fault says which step of the set-up failed, or of what the spawner was asked.
type Fault struct {
	Step  string
	Errno int
}

// StepKeep is the step of a Fault when what was kept could not be attached.
const StepKeep = "attach what is kept"

func (f *Fault) Error() string { return fmt.Sprintf("%s: errno %d", f.Step, f.Errno) }

// Message is anything that crosses a control socket.
type Message interface {
	kind() Kind
	encode(*encoder)
}

// Hello hands over files. The one with the file "root" says that the sandbox is
// built; another comes before it, as soon as there is something to be kept.
type Hello struct{ Files []string } // names of the attached files, in order

// Taken says that the first process has got its set-up, and begins.
type Taken struct{}

// Ready says that the init takes commands.
type Ready struct{}

func (*Taken) kind() Kind   { return KindTaken }
func (*Ready) kind() Kind   { return KindReady }
func (*Exec) kind() Kind    { return KindExec }
func (*Kill) kind() Kind    { return KindKill }
func (*Settle) kind() Kind  { return KindSettle }
func (*Settled) kind() Kind { return KindSettled }
func (*Exit) kind() Kind    { return KindExit }
func (*Refused) kind() Kind { return KindRefused }
func (*Fault) kind() Kind   { return KindFault }
func (*Hello) kind() Kind   { return KindHello }
func (*Setup) kind() Kind   { return KindSetup }

func (m *Exec) encode(e *encoder) {
	e.uint(m.ID)
	e.list(m.Argv)
	e.list(m.Env)
	e.string(m.Dir)
	e.bool(m.TTY)
	e.uint(m.OpenFiles)
}

func (m *Kill) encode(e *encoder) {
	e.uint(m.ID)
	e.uint(uint64(m.Signal))
	e.bool(m.Fresh)
	e.uint(uint64(m.Leader))
}

func (m *Settle) encode(e *encoder) { e.uint(m.ID) }

func (m *Settled) encode(e *encoder) { e.uint(m.ID) }

func (m *Exit) encode(e *encoder) {
	e.uint(m.ID)
	e.uint(uint64(m.Status))
	e.int(m.UserMicros)
	e.int(m.SysMicros)
	e.int(m.MaxRSSKiB)
}

func (m *Refused) encode(e *encoder) {
	e.uint(m.ID)
	e.string(m.Step)
	e.uint(uint64(m.Errno))
}

func (m *Fault) encode(e *encoder) {
	e.string(m.Step)
	e.uint(uint64(m.Errno))
}

func (m *Taken) encode(*encoder) {}

func (m *Ready) encode(*encoder) {}

func (m *Hello) encode(e *encoder) { e.list(m.Files) }

// Encode returns a message as it is sent.
func Encode(m Message) []byte { return encode(m).buf }

func encode(m Message) *encoder {
	e := &encoder{buf: []byte{byte(m.kind())}}
	m.encode(e)
	return e
}

// Decode parses a message.
func Decode(b []byte) (Message, error) {
	if len(b) == 0 {
		return nil, ErrMalformed
	}
	d := decoder{buf: b[1:]}
	m := decodeBody(Kind(b[0]), &d)
	if m == nil || d.end() != nil {
		return nil, ErrMalformed
	}
	return m, nil
}

func decodeBody(k Kind, d *decoder) Message {
	switch k {
	case KindSetup:
		return decodeSetup(d)
	case KindExec:
		return &Exec{ID: d.uint(), Argv: d.list(), Env: d.list(), Dir: d.string(), TTY: d.bool(), OpenFiles: d.uint()}
	case KindKill:
		return &Kill{ID: d.uint(), Signal: int(d.uint() & 0x7f), Fresh: d.bool(), Leader: int(d.uint() & 0x7f)}
	case KindSettle:
		return &Settle{ID: d.uint()}
	case KindSettled:
		return &Settled{ID: d.uint()}
	case KindExit:
		return &Exit{ID: d.uint(), Status: uint32(d.uint()), UserMicros: d.int(), SysMicros: d.int(), MaxRSSKiB: d.int()}
	case KindRefused:
		return &Refused{ID: d.uint(), Step: d.string(), Errno: int(d.uint() & 0xfff)}
	case KindFault:
		return &Fault{Step: d.string(), Errno: int(d.uint() & 0xfff)}
	case KindTaken:
		return &Taken{}
	case KindReady:
		return &Ready{}
	case KindHello:
		return &Hello{Files: d.list()}
	case KindSpawn:
		return decodeSpawn(d)
	case KindMapIDs:
		return &MapIDs{UIDs: d.idMaps(), GIDs: d.idMaps()}
	case KindSpawned:
		return &Spawned{PID: int(uint32(d.uint()))}
	case KindMapped:
		return &Mapped{}
	}
	return nil
}
