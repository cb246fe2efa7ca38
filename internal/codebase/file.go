// SPDX-License-Identifier: MIT

package codebase

import (
	"crypto/sha256"
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// File is a file of a codebase: a regular one, a directory or a symbolic link.
type File struct {
	// Path is that from the codebase's root, with a leading slash and the bytes
	// as they are.
	Path string
	// Mode holds the type and the permissions. There is no set-user-ID and no
	// set-group-ID.
	Mode fs.FileMode
	// Size is that of the content, or of a link's target, in bytes.
	Size int64
	// ModTime is in nanoseconds since 1970.
	ModTime int64
	// SHA256 is that of a regular file's content.
	SHA256 [sha256.Size]byte
	// Link is the target of a symbolic link.
	Link string
	// Version is that of the codebase which began with this state of the file.
	Version uint64
	// Written is when its writer wrote it, in nanoseconds since 1970. While
	// the file is there it never gets less, whatever clocks say.
	Written int64
	// Upload says that it came by Write, not from an import or a sandbox.
	Upload bool
}

// entry is the file as a listing of a checkout has it.
func (f *File) entry() tree.Entry {
	return tree.Entry{Path: f.Path, Mode: f.Mode, Size: f.Size, ModTime: f.ModTime, Link: f.Link}
}

// equal reports whether two files are the same but for when and by whom they
// were written.
func (f *File) equal(o *File) bool {
	if f.Mode != o.Mode {
		return false
	}
	switch {
	case f.Mode.IsDir():
		return true
	case f.Mode.IsRegular():
		return f.Size == o.Size && f.SHA256 == o.SHA256
	}
	return f.Link == o.Link
}

// The modes of what is made without one.
const (
	defaultMode    fs.FileMode = 0o644
	defaultDirMode             = fs.ModeDir | 0o755
	linkMode                   = fs.ModeSymlink | 0o777
)

// cleanMode keeps the type and the permissions that a codebase knows of.
func cleanMode(mode fs.FileMode) fs.FileMode {
	if mode&fs.ModeSymlink != 0 {
		return linkMode
	}
	return mode & (fs.ModeType | fs.ModePerm | fs.ModeSticky)
}

// record is what the database keeps of a file.
type record struct {
	File
	seq uint64 // the object of a regular file
}

const (
	recordFormat = 1
	flagUpload   = 1
)

func (r *record) encode() []byte {
	e := make(encoder, 0, 128+len(r.Link))
	e.byte(recordFormat)
	e.uint(uint64(r.Mode))
	e.int(r.Size)
	e.int(r.ModTime)
	e.uint(r.Version)
	e.int(r.Written)
	var flags byte
	if r.Upload {
		flags |= flagUpload
	}
	e.byte(flags)
	switch {
	case r.Mode.IsRegular():
		e.uint(r.seq)
		e = append(e, r.SHA256[:]...)
	case r.Mode&fs.ModeSymlink != 0:
		e.string(r.Link)
	}
	return e
}

func decodeRecord(path string, b []byte) (record, error) {
	d := decoder{rest: b}
	if d.byte() != recordFormat {
		d.fail()
	}
	r := record{File: File{
		Path: path, Mode: fs.FileMode(d.uint()), Size: d.int(), ModTime: d.int(),
		Version: d.uint(), Written: d.int(),
	}}
	r.Upload = d.byte()&flagUpload != 0
	switch {
	case r.Mode.IsRegular():
		r.seq = d.uint()
		copy(r.SHA256[:], d.bytes(sha256.Size))
	case r.Mode&fs.ModeSymlink != 0:
		r.Link = d.string()
	}
	if d.err != nil {
		return record{}, pathError("read", path, d.err)
	}
	return r, nil
}

// tombstone is what is left of a file that was removed, so that an older
// change of a sandbox does not bring it back.
type tombstone struct {
	version uint64
	written int64
}

func (t tombstone) encode() []byte {
	var e encoder
	e.uint(t.version)
	e.int(t.written)
	return e
}

func decodeTombstone(b []byte) (tombstone, error) {
	d := decoder{rest: b}
	t := tombstone{version: d.uint(), written: d.int()}
	return t, d.err
}
