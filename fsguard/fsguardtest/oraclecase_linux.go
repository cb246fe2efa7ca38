// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/oracle"
)

// oracleTime is the modification time of all files of a case.
const oracleTime = 1_500_000_000

// lay makes the tree of a case.
func (s source) lay(c oracle.Case) {
	s.t.Helper()
	s.mkdir(c.Prefix)
	for _, e := range c.Tree {
		name := s.dir + c.Prefix + e.Path
		switch e.Kind {
		case oracle.Dir:
			s.check(os.Mkdir(name, 0o755))
		case oracle.File:
			s.check(os.WriteFile(name, []byte(e.Data), 0o644))
			s.check(os.Chmod(name, os.FileMode(e.Mode)))
			s.check(os.Chtimes(name, time.Unix(oracleTime, 0), time.Unix(oracleTime, 0)))
		case oracle.Symlink:
			s.check(os.Symlink(c.Expand(e.Data), name))
		case oracle.HardLink:
			s.check(os.Link(s.dir+c.Prefix+e.Data, name))
		}
	}
	for _, e := range c.Tree {
		if e.Kind == oracle.Dir {
			s.check(os.Chmod(s.dir+c.Prefix+e.Path, os.FileMode(e.Mode)))
		}
	}
}

// oracleScript is what the probe does of a case, and a look at all of it.
func oracleScript(c oracle.Case) script {
	var s script
	for _, o := range c.Ops {
		p := op{
			Call: o.Call, Path: text(c.Expand(o.Path)), To: text(c.Expand(o.To)), Name: text(o.Name), Dir: o.Dir, FD: o.FD, As: o.As,
			Mode: o.Mode, Size: o.Size, Proc: o.Proc,
		}
		for flag, number := range oracleFlags {
			if o.Flag&flag != 0 {
				p.Flags |= number
			}
		}
		s = append(s, p)
	}
	s = append(s, do("tree", c.Expand("@")).plain())
	for _, path := range c.Expect().Opened {
		s = append(s, do("chmod", c.Expand(path)).mode(0o755))
	}
	return s
}

var oracleFlags = map[oracle.Flag]int{
	oracle.WrOnly: unix.O_WRONLY, oracle.RdWr: unix.O_RDWR, oracle.Creat: unix.O_CREAT, oracle.Excl: unix.O_EXCL,
	oracle.Trunc: unix.O_TRUNC, oracle.Append: unix.O_APPEND, oracle.Directory: unix.O_DIRECTORY, oracle.NoFollow: unix.O_NOFOLLOW,
	oracle.PathOnly: unix.O_PATH, oracle.TmpFile: unix.O_TMPFILE,
	oracle.NoReplace: unix.RENAME_NOREPLACE, oracle.Exchange: unix.RENAME_EXCHANGE, oracle.Follow: unix.AT_SYMLINK_FOLLOW,
	oracle.Create: unix.XATTR_CREATE, oracle.Replace: unix.XATTR_REPLACE,
}
