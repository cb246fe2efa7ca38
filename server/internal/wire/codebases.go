// SPDX-License-Identifier: MIT

package wire

import (
	"io/fs"
	"math"
	"path"
	"strings"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// CodebaseTo describes a codebase. Where it was imported from is the server's own
// matter.
func CodebaseTo(c *sandbox.Codebase) *sandboxv1.Codebase {
	return &sandboxv1.Codebase{
		Id: c.ID, Name: text(c.Name), OwnerId: text(c.OwnerID), Size: c.Size, FileCount: int32(min(c.FileCount, math.MaxInt32)),
		CreatedAt: timeTo(c.Created), UpdatedAt: timeTo(c.Updated), Skipped: skippedTo(c.Skipped),
	}
}

// CodebaseFrom reads the description of a codebase.
func CodebaseFrom(c *sandboxv1.Codebase) *sandbox.Codebase {
	return &sandbox.Codebase{
		ID: c.GetId(), Name: c.GetName(), OwnerID: c.GetOwnerId(), Size: c.GetSize(), FileCount: int(c.GetFileCount()),
		Created: timeFrom(c.GetCreatedAt()), Updated: timeFrom(c.GetUpdatedAt()), Skipped: skippedFrom(c.GetSkipped()),
	}
}

// PathTo is a path as the protocol has it: relative.
func PathTo(p string) string { return strings.TrimPrefix(p, "/") }

// PathFrom is a path of a message, which may be of anybody's: whoever joins it to a
// directory stays in that.
func PathFrom(text string, bytes []byte) string { return path.Clean("/" + exact(text, bytes)) }

// FilesTo turns a listing into messages.
func FilesTo(files []sandbox.FileInfo) []*sandboxv1.FileInfo {
	list := make([]*sandboxv1.FileInfo, 0, len(files))
	for _, f := range files {
		p := PathTo(f.Path)
		list = append(list, &sandboxv1.FileInfo{
			Path: text(p), PathBytes: odd(p), Name: text(f.Name), IsDir: f.IsDir, Size: f.Size, ModifiedAt: timeTo(f.ModTime),
			Mode: modeTo(f.Mode), Permission: permissions.to(f.Permission),
		})
	}
	return list
}

// FilesFrom reads a listing.
func FilesFrom(list []*sandboxv1.FileInfo) []sandbox.FileInfo {
	var files []sandbox.FileInfo
	for _, m := range list {
		p := PathFrom(m.GetPath(), m.GetPathBytes())
		level, _ := permissions.from(m.GetPermission())
		files = append(files, sandbox.FileInfo{
			Path: p, Name: path.Base(p), IsDir: m.GetIsDir(), Size: m.GetSize(), Mode: modeFrom(m.GetMode()), ModTime: timeFrom(m.GetModifiedAt()), Permission: level,
		})
	}
	return files
}

// The type bits of st_mode (inode(7)).
var modeTypes = pairs[fs.FileMode, uint32]{
	{0, 0o100000},
	{fs.ModeDir, 0o040000},
	{fs.ModeSymlink, 0o120000},
	{fs.ModeNamedPipe, 0o010000},
	{fs.ModeSocket, 0o140000},
	{fs.ModeDevice, 0o060000},
	{fs.ModeDevice | fs.ModeCharDevice, 0o020000},
}

var modeBits = []struct {
	a fs.FileMode
	b uint32
}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}}

func modeTo(m fs.FileMode) uint32 {
	bits := modeTypes.to(m.Type()) | uint32(m.Perm())
	for _, x := range modeBits {
		if m&x.a != 0 {
			bits |= x.b
		}
	}
	return bits
}

func modeFrom(bits uint32) fs.FileMode {
	m, _ := modeTypes.from(bits & 0o170000)
	m |= fs.FileMode(bits & 0o777)
	for _, x := range modeBits {
		if bits&x.b != 0 {
			m |= x.a
		}
	}
	return m
}

// oldModeTo is the mode of what there was before; 0 for nothing.
func oldModeTo(m fs.FileMode, was bool) uint32 {
	if !was {
		return 0
	}
	return modeTo(m)
}
