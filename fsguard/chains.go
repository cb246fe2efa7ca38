// SPDX-License-Identifier: MIT

package fsguard

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// chains are chains of entries, each found by a string. Most lookups find
// nothing: they are kept cheap however many chains there are, by the strongest
// rule of all and by a filter that is far smaller than the map.
type chains struct {
	heads map[string]int32
	best  int32 // the rank of the strongest rule in any chain
	seen  filter
}

// push makes id, whose rule is stronger than those before it, the head of the
// chain of key and returns the head before it.
func (c *chains) push(key string, id, rank int32) int32 {
	if c.heads == nil {
		c.heads = make(map[string]int32)
	}
	head, ok := c.heads[key]
	if !ok {
		head = none
	}
	c.heads[key] = id
	c.best = rank
	return head
}

// get returns the head of the chain of key, or none where it has none or none
// stronger than limit.
func (c *chains) get(key string, limit int32) int32 {
	if len(c.heads) == 0 || c.best >= limit || c.seen != nil && !c.seen.has(key) {
		return none
	}
	if head, ok := c.heads[key]; ok {
		return head
	}
	return none
}

// finish makes the filter, where a map is slower than one.
func (c *chains) finish() {
	if len(c.heads) <= smallMap {
		return
	}
	c.seen = newFilter(len(c.heads))
	for key := range c.heads {
		c.seen.add(key)
	}
}

// smallMap is up to how many keys a map is as fast as a filter.
const smallMap = 8

// filter is a set of strings that errs by holding more than was added: a Bloom
// filter whose bits for one string are all in one word.
type filter []uint64

// filterSeed makes the filters of a process differ from those of others, so
// that nobody can choose names to get past them.
var filterSeed = maphash.MakeSeed()

// newFilter makes a filter for n strings: 16 bits for each, at least.
func newFilter(n int) filter {
	words := 1
	for words*4 < n {
		words *= 2
	}
	return make(filter, words)
}

func (f filter) add(s string) {
	word, bits := f.place(s)
	f[word] |= bits
}

func (f filter) has(s string) bool {
	word, bits := f.place(s)
	return f[word]&bits == bits
}

func (f filter) place(s string) (word, bits uint64) {
	h := maphash.String(filterSeed, s)
	return h & uint64(len(f)-1), 1<<(h>>58) | 1<<(h>>52&63)
}

// affixes are chains by strings that are found at one end of a name, for each
// length of them. Finished, the lengths with the strongest rules come first.
type affixes []affix

type affix struct {
	n int
	chains
}

func (a *affixes) push(key string, id, rank int32) int32 {
	for i := range *a {
		if (*a)[i].n == len(key) {
			return (*a)[i].push(key, id, rank)
		}
	}
	*a = append(*a, affix{n: len(key)})
	return (*a)[len(*a)-1].push(key, id, rank)
}

func (a affixes) finish() {
	slices.SortFunc(a, func(a, b affix) int { return cmp.Compare(a.best, b.best) })
	for i := range a {
		a[i].finish()
	}
}
