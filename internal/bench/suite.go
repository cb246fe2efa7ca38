// SPDX-License-Identifier: MIT

package main

// benchmark measures one thing. Its name is what -only matches.
type benchmark struct {
	name    string
	measure func(*lab) (Section, error)
}

// benchmarks are all there are, in the order of the report.
var benchmarks = []benchmark{
	{"peers", measurePeers},
	{"create", measureCreate},
	{"limits", measureLimits},
	{"destroy", measureDestroy},
	{"command", measureCommand},
	{"session", measureSession},
	{"walk", measureWalk},
	{"git", measureGit},
	{"write", measureWrite},
	{"stream", measureStream},
	{"guard", measureGuard},
	{"trap", measureTraps},
	{"many", measureMany},
	{"memory", measureMemory},
	{"parked", measureParked},
	{"state", measureState},
	{"policy", measurePolicy},
}

// sizes say how much is measured.
type sizes struct {
	trees   []int // files in each tree; the middle one has the targets
	samples int   // of what takes milliseconds
	few     int   // of what takes a second
	many    int   // of what takes less than a millisecond
	create  int   // files that are created
	untar   int   // files that are unpacked
	stream  int   // MB that are read and written
	idle    []int // sandboxes that are held at once
	burst   int   // sandboxes that are destroyed at once
	listing int   // files of the listing that policies are applied to
}

func sizesFor(quick bool) sizes {
	if quick {
		return sizes{
			trees: []int{100, 1000}, samples: 5, few: 2, many: 20, create: 200, untar: 200,
			stream: 16, idle: []int{1, 10}, burst: 5, listing: 1000,
		}
	}
	return sizes{
		trees: []int{100, 10_000, 100_000}, samples: 50, few: 7, many: 300, create: 5000, untar: 10_000,
		stream: 512, idle: []int{1, 100, 1000}, burst: 100, listing: 100_000,
	}
}

// coldFor is the number of first snapshots of a tree, each of which has to be
// removed again.
func (s sizes) coldFor(files int) int {
	if files > 50_000 {
		return min(3, s.few)
	}
	return s.samples
}

// samplesFor keeps the number down on a tree on which one sample takes seconds.
func (s sizes) samplesFor(files int) int {
	if files > 50_000 {
		return s.few
	}
	return s.samples
}
