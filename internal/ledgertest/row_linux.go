// SPDX-License-Identifier: MIT

package ledgertest

import (
	"slices"
	"strings"
)

// row is a class of attacks: a line of docs/bypass-ledger.md, and a subtest.
type row struct {
	name  string
	tries func() []try
}

// try is one attempt. What comes of it is the name of an errno, "ok", or what the
// attempt saw; alternatives are separated by "|".
type try struct {
	name string
	do   func() (string, error)
	held string // with the guard
	dead string // without it; "": the same
}

// attempt is a try that comes to the same without the guard.
func attempt(name, want string, do func() (string, error)) try {
	return try{name: name, do: do, held: want}
}

// guarded is a try whose answer is the guard's, and another one without it.
func guarded(name, held, dead string, do func() (string, error)) try {
	return try{name: name, do: do, held: held, dead: dead}
}

// mode is what is left of the layers that hold the levels.
type mode int

const (
	guardThere mode = iota
	guardGone       // its listener is closed: what it would be asked is refused by the filter
	mountAlone      // nothing is trapped, and the kernel does what the mount lets it
)

func (t try) want(m mode) string {
	if m == guardGone && t.dead != "" {
		return t.dead
	}
	return t.held
}

// right reports whether an outcome is one of those that are wanted. What the guard
// would refuse, the mount alone refuses with whatever error the kernel comes to first.
func (t try) right(m mode, got string) bool {
	if m == mountAlone && t.dead != "" && len(errnos(got)) > 0 && got != "ENOSYS" {
		return true
	}
	return got == errAbsent.Error() || slices.Contains(strings.Split(t.want(m), "|"), got)
}

// rows is the ledger's part that is tried from inside.
var rows = []row{
	{"PointerRewritten", pointerRewritten},
	{"ComponentRaces", componentRaces},
	{"DirectoryRaces", directoryRaces},
	{"ExecRaces", execRaces},
	{"LoaderAndMemfd", loaderAndMemfd},
	{"IOUring", ioUring},
	{"ForeignABIs", foreignABIs},
	{"UnclassifiedNumbers", unclassifiedNumbers},
	{"OldAndNewOpens", oldAndNewOpens},
	{"HardLinks", hardLinks},
	{"ParentRenames", parentRenames},
	{"FileHandles", fileHandles},
	{"ProcSelf", procSelf},
	{"ProcOne", procOne},
	{"InitTraced", initTraced},
	{"EmptyPaths", emptyPaths},
	{"HiddenNames", hiddenNames},
	{"UnixSockets", unixSockets},
	{"PassedDescriptors", passedDescriptors},
	{"LeakedDescriptors", leakedDescriptors},
	{"EnvironmentLeaks", environmentLeaks},
	{"DeviceNodes", deviceNodes},
	{"OverlayTricks", overlayTricks},
	{"NewNamespaces", newNamespaces},
	{"MountAPI", mountAPI},
	{"TerminalInput", terminalInput},
	{"Keyrings", keyrings},
	{"SocketFamilies", socketFamilies},
	{"KernelInterfaces", kernelInterfaces},
	{"SlowMemory", slowMemory},
	{"LingeringSockets", lingeringSockets},
	{"HeldFiles", heldFiles},
	{"LongPaths", longPaths},
}

// Errnos are what a row's tries answer: with the guard, and without it.
type Errnos struct{ Held, Dead []string }

// Rows are the names of the subtests of [Run], with the errnos that each expects.
func Rows() map[string]Errnos {
	all := map[string]Errnos{
		"GuardFlooded":        {},
		"DescriptorsInFlight": {Held: []string{"ETOOMANYREFS"}},
		"InotifyInstances":    {Held: []string{"EMFILE"}},
	}
	for _, r := range rows {
		var e Errnos
		for _, t := range r.tries() {
			e.Held = append(e.Held, errnos(t.want(guardThere))...)
			e.Dead = append(e.Dead, errnos(t.want(guardGone))...)
		}
		all[r.name] = Errnos{unique(e.Held), unique(e.Dead)}
	}
	return all
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func errnos(want string) []string {
	return slices.DeleteFunc(strings.Split(want, "|"), func(s string) bool {
		return len(s) < 2 || s[0] != 'E' || strings.ToUpper(s) != s
	})
}
