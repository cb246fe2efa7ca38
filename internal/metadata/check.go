// SPDX-License-Identifier: MIT

package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
)

// The format of bbolt's files. A page is a header of its number, its kind, how many
// elements it has and how many pages follow that belong to it; then come the
// elements, which say where their keys and values are.
const (
	magic, version = 0xED0CDAED, 2

	headerSize  = 16
	elementSize = 16
	bucketSize  = 16 // a bucket's root page and sequence, before an inline page
	metaSize    = 64

	leastPage, mostPage = 1 << 10, 1 << 24 // bytes, a power of two
	mostTxid            = 1 << 62          // nothing has counted so far

	branchPage, leafPage, freelistPage = 0x01, 0x02, 0x10

	bucketFlag = 0x01
	noFreelist = math.MaxUint64
)

var native = binary.NativeEndian

// checker walks through a file without mapping it. bbolt maps it, and panics, or the
// kernel kills the process, when a page is not what it should be.
type checker struct {
	file     io.ReaderAt
	pageSize uint64
	end      uint64 // the pages from this one on are not in use
	seen     map[uint64]bool
}

// meta is what one of the two first pages says.
type meta struct{ pageSize, root, freelist, end, txid uint64 }

// check returns an error that says what is wrong with a file of some size.
func check(file io.ReaderAt, size int64) error {
	m, err := latest(file, size)
	if err != nil {
		return err
	}
	if m.end > uint64(size)/m.pageSize {
		return fmt.Errorf("it has been cut off: it should have %d pages of %d bytes, and has %d bytes", m.end, m.pageSize, size)
	}
	c := &checker{file: file, pageSize: m.pageSize, end: m.end, seen: map[uint64]bool{0: true, 1: true}}
	if m.freelist != noFreelist {
		if err := c.freelist(m.freelist); err != nil {
			return err
		}
	}
	if _, err = c.tree(m.root, nil, nil); err != nil || m.freelist == noFreelist {
		return err
	}
	for id := range m.end {
		if !c.seen[id] {
			return fmt.Errorf("page %d is neither in use nor free", id)
		}
	}
	return nil
}

// latest finds the newer of the two meta pages that are whole. The first says where
// the second is; without it, that is tried, as bbolt does. Since bbolt takes the size
// of a page from the first that is whole, and uses the newer, both have to agree.
func latest(file io.ReaderAt, size int64) (*meta, error) {
	first := readMeta(file, 0)
	var second *meta
	if first != nil {
		if first.pageSize < leastPage || first.pageSize > mostPage || first.pageSize&(first.pageSize-1) != 0 {
			return nil, fmt.Errorf("its pages are said to have %d bytes", first.pageSize)
		}
		second = readMeta(file, int64(first.pageSize))
	} else {
		for at := int64(leastPage); at <= mostPage && at < size-leastPage; at <<= 1 {
			if second = readMeta(file, at); second != nil {
				if second.pageSize != uint64(at) {
					return nil, fmt.Errorf("its pages are said to have %d bytes, and have %d", second.pageSize, at)
				}
				break
			}
		}
	}
	switch {
	case first == nil && second == nil:
		return nil, fmt.Errorf("it is no database of this version, or has lost its beginning: %d bytes", size)
	case first == nil:
		first = second
	case second != nil && second.pageSize != first.pageSize:
		return nil, fmt.Errorf("its pages are said to have %d bytes, and %d", first.pageSize, second.pageSize)
	case second != nil && second.txid > first.txid:
		first = second
	}
	switch {
	case uint64(size) < 2*first.pageSize:
		return nil, fmt.Errorf("it has been cut off: it has %d bytes", size)
	case first.txid > mostTxid:
		return nil, fmt.Errorf("its last transaction is said to be the %dth", first.txid)
	}
	return first, nil
}

// readMeta returns nil when there is no meta page.
func readMeta(file io.ReaderAt, at int64) *meta {
	var page [headerSize + metaSize]byte
	if _, err := file.ReadAt(page[:], at); err != nil {
		return nil
	}
	b := page[headerSize:]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	m := meta{
		pageSize: uint64(native.Uint32(b[8:])), root: native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]), end: native.Uint64(b[40:]), txid: native.Uint64(b[48:]),
	}
	if native.Uint32(b) != magic || native.Uint32(b[4:]) != version || native.Uint64(b[56:]) != sum.Sum64() {
		return nil
	}
	return &m
}

// page is one with all that belongs to it.
type page struct {
	id    uint64
	kind  uint16
	count int
	data  []byte // with the header
}

// read reads a page that nothing else has referred to.
func (c *checker) read(id uint64) (*page, error) {
	if id >= c.end {
		return nil, fmt.Errorf("page %d is referred to, of %d", id, c.end)
	}
	data := make([]byte, c.pageSize)
	if _, err := c.file.ReadAt(data, int64(id*c.pageSize)); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	more := uint64(native.Uint32(data[12:]))
	if native.Uint64(data) != id || more >= c.end-id {
		return nil, fmt.Errorf("page %d is damaged", id)
	}
	for i := id; i <= id+more; i++ {
		if c.seen[i] {
			return nil, fmt.Errorf("page %d is in use twice", i)
		}
		c.seen[i] = true
	}
	if more > 0 {
		data = make([]byte, (more+1)*c.pageSize)
		if _, err := c.file.ReadAt(data, int64(id*c.pageSize)); err != nil {
			return nil, fmt.Errorf("page %d: %w", id, err)
		}
	}
	return newPage(id, data), nil
}

func newPage(id uint64, data []byte) *page {
	return &page{id, native.Uint16(data[8:]), int(native.Uint16(data[10:])), data}
}

func (p *page) damaged() error { return fmt.Errorf("page %d is damaged", p.id) }

func (c *checker) freelist(id uint64) error {
	p, err := c.read(id)
	if err != nil {
		return err
	}
	if p.kind != freelistPage {
		return p.damaged()
	}
	list, count := p.data[headerSize:], uint64(p.count)
	if count == math.MaxUint16 { // too many: the first says how many
		count, list = native.Uint64(list), list[8:]
	}
	if count > uint64(len(list)/8) {
		return p.damaged()
	}
	for i := range count {
		free := native.Uint64(list[8*i:])
		if free >= c.end || c.seen[free] {
			return p.damaged()
		}
		c.seen[free] = true
	}
	return nil
}

// element is a key, with a child of a branch page or the value of a leaf.
type element struct {
	key, value []byte
	child      uint64
	bucket     bool
}

// element returns nil for one that is not within its page.
func (p *page) element(i int) *element {
	at := headerSize + i*elementSize
	if at+elementSize > len(p.data) {
		return nil
	}
	b := p.data[at:]
	e := &element{}
	var pos, keySize, valueSize uint64
	if p.kind == branchPage {
		pos, keySize, e.child = uint64(native.Uint32(b)), uint64(native.Uint32(b[4:])), native.Uint64(b[8:])
	} else {
		e.bucket = native.Uint32(b)&bucketFlag != 0
		pos, keySize, valueSize = uint64(native.Uint32(b[4:])), uint64(native.Uint32(b[8:])), uint64(native.Uint32(b[12:]))
	}
	if keySize == 0 || pos+keySize+valueSize > uint64(len(b)) {
		return nil
	}
	e.key, e.value = b[pos:pos+keySize], b[pos+keySize:pos+keySize+valueSize]
	return e
}

// tree checks the pages beneath one, whose keys begin with least and are less than
// most, if those are given. It returns the last key. bbolt finds a page in its parent
// by the page's first key when it writes, and no page of its own is empty or has an
// only child, except that a root may be an empty leaf.
func (c *checker) tree(id uint64, least, most []byte) (last []byte, err error) {
	p, err := c.read(id)
	if err != nil {
		return nil, err
	}
	switch {
	case p.kind == leafPage:
		return c.leaf(p, least, most, false)
	case p.kind != branchPage || p.count < 2:
		return nil, p.damaged()
	}
	next := p.element(0)
	if next == nil || least != nil && !bytes.Equal(next.key, least) {
		return nil, p.damaged()
	}
	for i := range p.count {
		e := next
		if e == nil || !between(e.key, least, most) {
			return nil, p.damaged()
		}
		limit := most
		if next = nil; i+1 < p.count {
			if next = p.element(i + 1); next == nil || bytes.Compare(e.key, next.key) >= 0 {
				return nil, p.damaged()
			}
			limit = next.key
		}
		if last, err = c.tree(e.child, e.key, limit); err != nil {
			return nil, err
		}
		least = last
	}
	return last, nil
}

func between(key, least, most []byte) bool {
	return (least == nil || bytes.Compare(key, least) >= 0) && (most == nil || bytes.Compare(key, most) < 0)
}

func (c *checker) leaf(p *page, least, most []byte, inline bool) (last []byte, err error) {
	if first := p.element(0); least != nil && (p.count == 0 || first == nil || !bytes.Equal(first.key, least)) {
		return nil, p.damaged()
	}
	for i := range p.count {
		e := p.element(i)
		if e == nil || !between(e.key, least, most) || last != nil && bytes.Equal(e.key, last) {
			return nil, p.damaged()
		}
		if e.bucket {
			if err := c.bucket(p, e.value, inline); err != nil {
				return nil, err
			}
		}
		last, least = e.key, e.key
	}
	return last, nil
}

// bucket checks a bucket, whose only page may be in its value.
func (c *checker) bucket(p *page, value []byte, inline bool) error {
	if inline || len(value) < bucketSize {
		return p.damaged()
	}
	if root := native.Uint64(value); root != 0 {
		_, err := c.tree(root, nil, nil)
		return err
	}
	if value = value[bucketSize:]; len(value) < headerSize {
		return p.damaged()
	}
	in := newPage(p.id, value)
	if in.kind != leafPage || native.Uint64(value) != 0 { // bbolt would free the page of that number
		return p.damaged()
	}
	_, err := c.leaf(in, nil, nil, true)
	return err
}
