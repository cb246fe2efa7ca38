// SPDX-License-Identifier: MIT

package control

// Op is one kind of step in the building of a sandbox's root.
type Op uint8

// The steps, each named for what it does. Targets are absolute paths of the
// new root, whose directories must exist by then.
const (
	OpDir     Op = 1 + iota // mkdir Target, Mode
	OpFile                  // write Data to Target, Mode
	OpSymlink               // Target points to Data
	OpBind                  // recursive bind of the host's Source onto Target, with Attr
	OpTmpfs                 // new tmpfs on Target, Data = options, with Attr
	OpProc                  // new procfs on Target
	OpDevpts                // new devpts on Target
	OpOverlay               // overlay of Layers on Target, as Writable and Facade say
	OpTree                  // bind of the one layer onto Target, with Attr
	OpCover                 // hand out Target, then cover it by a read-only bind of itself
	OpSeal                  // set Attr on the mount at Target
	OpKeep                  // new tmpfs for what is kept, Data = options, or what was kept; hand it out
	OpTake                  // directory Source of what is kept onto Target, new with Mode, with Attr
)

// Step is one step. Which fields count depends on Op. Layers are paths, which
// the init opens itself, or "#N": the N-th of the files that come with the set-up,
// a detached mount (open_tree(2)) which an owner that is root made for it.
type Step struct {
	Op     Op
	Source string
	Target string
	Data   string
	Mode   uint32
	Attr   uint64 // MOUNT_ATTR_* of mount_setattr(2)
	Layers []string
	// Optional steps whose source does not exist are passed over.
	Optional bool
	// Writable says that the last layer holds the directories upper and work;
	// Facade, that the lower layers after a first one are merged on their own. Above is
	// how many layers come before that first one.
	Writable, Facade bool
	Above            uint32
}

// Setup is all that the init needs to build the sandbox and to become its PID 1.
// The first Files of the files that come with it are those that it names. Then
// come those by which the init moves itself into its cgroups of version 1, before
// anything else: it writes "0" to each. With Kept there is another, the last, which
// is what an earlier init has handed out by OpKeep.
type Setup struct {
	Steps    []Step
	Files    int
	Hostname string
	CgroupNS bool   // make a cgroup namespace, when in the cgroup
	Loopback bool   // bring up lo
	Filter   []byte // seccomp program, 8 bytes an instruction
	Notify   bool   // the filter has a listener
	// Readable are the directories in which files may be read, by Landlock,
	// when nothing of the workspace may. Empty: no Landlock ruleset.
	Readable []string
	Kept     bool
	// Limited says that the sandbox may be denied processes: the init makes the threads
	// that it will need before it says that it is ready.
	Limited  bool
	Dir      string // working directory of the init
	UID, GID int
	// Standing says that another program has built the root and that the
	// process is in it: the steps are what is left to be done there.
	Standing bool
	// Builder is a program that builds the root from what the steps made, and
	// then executes the init anew, with the socket, for another set-up.
	// Nothing but the steps counts beside it.
	Builder Builder
}

// Builder is a program to go on with. Without Argv there is none.
type Builder struct {
	Argv    []string
	Program string // "#N": the program, among the files that the set-up names
	Log     string // "#N": where its standard error goes
}

func (m *Setup) encode(e *encoder) {
	e.uint(uint64(len(m.Steps)))
	for i := range m.Steps {
		m.Steps[i].encode(e)
	}
	e.uint(uint64(m.Files))
	e.string(m.Hostname)
	e.bool(m.CgroupNS)
	e.bool(m.Loopback)
	e.bytes(m.Filter)
	e.bool(m.Notify)
	e.list(m.Readable)
	e.bool(m.Kept)
	e.bool(m.Limited)
	e.string(m.Dir)
	e.uint(uint64(m.UID))
	e.uint(uint64(m.GID))
	e.bool(m.Standing)
	e.list(m.Builder.Argv)
	e.string(m.Builder.Program)
	e.string(m.Builder.Log)
}

func (s *Step) encode(e *encoder) {
	e.uint(uint64(s.Op))
	e.string(s.Source)
	e.string(s.Target)
	e.string(s.Data)
	e.uint(uint64(s.Mode))
	e.uint(s.Attr)
	e.list(s.Layers)
	e.bool(s.Optional)
	e.bool(s.Writable)
	e.bool(s.Facade)
	e.uint(uint64(s.Above))
}

func decodeSetup(d *decoder) *Setup {
	n := d.uint()
	// Each of the eleven fields of a step takes a byte at least.
	if n > uint64(len(d.buf))/11 {
		d.fail()
		return &Setup{}
	}
	m := &Setup{Steps: make([]Step, n)}
	for i := range m.Steps {
		m.Steps[i].decode(d)
	}
	m.Files = int(d.uint() & 0xffff)
	m.Hostname = d.string()
	m.CgroupNS = d.bool()
	m.Loopback = d.bool()
	m.Filter = d.bytes()
	m.Notify = d.bool()
	m.Readable = d.list()
	m.Kept = d.bool()
	m.Limited = d.bool()
	m.Dir = d.string()
	m.UID = int(d.uint() & 0xffffffff)
	m.GID = int(d.uint() & 0xffffffff)
	m.Standing = d.bool()
	m.Builder = Builder{Argv: d.list(), Program: d.string(), Log: d.string()}
	return m
}

func (s *Step) decode(d *decoder) {
	s.Op = Op(d.uint())
	s.Source = d.string()
	s.Target = d.string()
	s.Data = d.string()
	s.Mode = uint32(d.uint())
	s.Attr = d.uint()
	s.Layers = d.list()
	s.Optional = d.bool()
	s.Writable = d.bool()
	s.Facade = d.bool()
	s.Above = uint32(d.uint())
}
