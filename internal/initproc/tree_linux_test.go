// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// running is an init whose commands have these leaders.
func running(leaders ...int) *initproc {
	p := &initproc{commands: make(map[int]uint64)}
	for i, pid := range leaders {
		p.commands[pid] = uint64(i)
	}
	return p
}

func TestBeneath(t *testing.T) {
	all := []process{{1, 0}, {10, 1}, {20, 1}, {5, 30}, {30, 10}, {7, 5}, {21, 20}}
	for _, c := range []struct {
		root int
		want []int
	}{
		{10, []int{10, 30, 5, 7}}, // children may have lower numbers
		{20, []int{20, 21}},
		{21, []int{21}},
		{99, []int{99}},
		{1, []int{1, 10, 20, 30, 21, 5, 7}},
	} {
		if got := beneath(all, c.root); !slices.Equal(got, c.want) {
			t.Errorf("beneath %d: got %v, want %v", c.root, got, c.want)
		}
	}
	circle := []process{{2, 3}, {3, 2}, {4, 3}}
	if got := beneath(circle, 2, 4); !slices.Equal(got, []int{2, 4, 3}) {
		t.Errorf("in a circle: got %v", got)
	}
}

func TestCandidates(t *testing.T) {
	all := []process{{1, 0}, {10, 1}, {11, 10}, {20, 1}, {21, 20}}
	for _, c := range []struct {
		name    string
		leaders []int
		all     []process
		want    []int
	}{
		{"nothing runs, nothing is left", nil, all[:1], nil},
		{"nothing runs", nil, all, []int{10, 11, 20, 21}},
		{"one runs", []int{10}, all, []int{20, 21}},
		{"both run", []int{10, 20}, all, nil},
		{"a parent is not listed", []int{10, 20}, append(slices.Clone(all), process{12, 13}), []int{12}},
	} {
		if got := running(c.leaders...).candidates(c.all); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFateOf looks at processes that a listing showed beneath no command.
func TestFateOf(t *testing.T) {
	p := running(10, 20)
	parents := map[int]int{
		10: 1, 11: 10, 12: 11, // of a command
		30: 1, 31: 30, // left
		40: 0,          // from outside
		50: 51,         // 51 has ended
		60: 61, 61: 60, // numbers that were given anew meanwhile
	}
	look := func(pid int) (int, bool) {
		parent, ok := parents[pid]
		return parent, ok
	}
	for pid, want := range map[int]fate{10: spared, 11: spared, 12: spared, 30: left, 31: left, 40: spared, 50: unknown, 51: unknown, 60: unknown} {
		if got := p.fateOf(pid, look); got != want {
			t.Errorf("%d: got %v, want %v", pid, got, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		data   string
		parent int
		ok     bool
	}{
		{"7 (sh) S 3 7 7 0", 3, true},
		{"7 (a) b) c) R 1 7", 1, true},
		{"7 () S 4 1) Z 5", 5, true}, // the kernel gives no such field
		{"7 (\n(9) S 2 3) S 12 1\n", 12, true},
		{"1 (init) S 0 1", 0, true},
		{"7 (sh)", 0, false},
		{"7 (sh) S", 0, false},
		{"7 (sh) S x", 0, false},
		{"7 (sh) S -1", 0, false},
		{"", 0, false},
	} {
		parent, ok := parseStat([]byte(c.data))
		if ok != c.ok || ok && parent != c.parent {
			t.Errorf("%q: got %d, %t", c.data, parent, ok)
		}
	}
}

func TestProcesses(t *testing.T) {
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	all := processes()
	for _, want := range []process{{cmd.Process.Pid, os.Getpid()}, {os.Getpid(), os.Getppid()}} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is not in %v", want, all)
		}
	}
	if parent, ok := parentOf(1 << 30); ok {
		t.Errorf("a process that does not exist has the parent %d", parent)
	}
}
