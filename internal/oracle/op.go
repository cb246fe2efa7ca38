// SPDX-License-Identifier: MIT

package oracle

// Op is one operation. Call names it as the probe of fsguardtest does. A path
// that begins with "@" is one of the case's own tree, another is relative to
// the working directory, or to Dir.
type Op struct {
	Call string
	Path string
	To   string // the second path, a symlink's text, data, an attribute's value
	Name string // an attribute's name
	Dir  string // the open file that Path is relative to, by its As
	FD   string // the open file that the call is about, by its As
	As   string // keeps the file that the call opens, under this name
	Flag Flag
	Mode uint32
	Size int64
	Proc int // which of the processes acts
}

// Flag are flags of open(2), renameat2(2), linkat(2) and setxattr(2), whose
// numbers differ between architectures.
type Flag uint32

// The flags. None of the first two is O_RDONLY.
const (
	WrOnly Flag = 1 << iota
	RdWr
	Creat
	Excl
	Trunc
	Append
	Directory
	NoFollow
	PathOnly
	TmpFile
	NoReplace // RENAME_NOREPLACE
	Exchange  // RENAME_EXCHANGE
	Follow    // AT_SYMLINK_FOLLOW
	Create    // XATTR_CREATE
	Replace   // XATTR_REPLACE
)

var flagNames = []string{
	"WrOnly", "RdWr", "Creat", "Excl", "Trunc", "Append", "Directory", "NoFollow", "PathOnly", "TmpFile",
	"NoReplace", "Exchange", "Follow", "Create", "Replace",
}

// Modes of access(2), and the types of mknod(2).
const (
	MayExec  = 1
	MayWrite = 2
	MayRead  = 4

	TypeRegular = 0o100000
	TypeDevice  = 0o020000
)
