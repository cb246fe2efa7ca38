// SPDX-License-Identifier: MIT

package spawner

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// setupCaps are what the first stage of an init holds, in its own user
// namespace. The overlay acts with them on its layers ever after, but for
// CAP_SYS_RESOURCE, which is for limits of that namespace and given up at once.
var setupCaps = []uintptr{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID,
	unix.CAP_MKNOD, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN,
	unix.CAP_SYS_RESOURCE,
}

// forkInit starts the first stage of an init. The parent-death signal is set by
// the time that this returns: what dies earlier, dies before the owner knows of
// the init. Its files are its control socket and, if it is to be born there, a
// cgroup.
func forkInit(m *control.Spawn, files []int) (pid, pidfd int, err error) {
	attr := &syscall.SysProcAttr{
		Cloneflags:  uintptr(m.Namespaces),
		UidMappings: sysMaps(m.UIDs),
		GidMappings: sysMaps(m.GIDs),
		AmbientCaps: setupCaps,
		Setsid:      true,
		Pdeathsig:   unix.SIGKILL,
		PidFD:       &pidfd,
	}
	if m.Cgroup {
		if len(files) < 2 {
			return 0, -1, unix.EBADF
		}
		attr.UseCgroupFD, attr.CgroupFD = true, files[1]
	}
	if m.Become {
		attr.GidMappingsEnableSetgroups = true
		attr.Credential = &syscall.Credential{Uid: m.UID, Gid: m.GID}
	}
	pid, err = execute(attr, files[0])
	return pid, pidfd, err
}

// makeUserNamespace makes a user namespace with the given maps. It needs a
// process while it is made, which is an init that waits for its set-up.
func makeUserNamespace(m *control.MapIDs) (int, error) {
	ours, theirs, err := control.Pair()
	if err != nil {
		return -1, err
	}
	defer unix.Close(ours)
	pid, err := execute(&syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: sysMaps(m.UIDs),
		GidMappings: sysMaps(m.GIDs),
		Pdeathsig:   unix.SIGKILL,
	}, theirs)
	unix.Close(theirs)
	if err != nil {
		return -1, err
	}
	defer func() {
		_ = unix.Kill(pid, unix.SIGKILL)
		wait(pid)
	}()
	return unix.Open("/proc/"+strconv.Itoa(pid)+"/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// execute starts this program as an init. Its socket follows the standard three
// files, which are those of the spawner: /dev/null.
func execute(attr *syscall.SysProcAttr, sock int) (int, error) {
	files := []uintptr{0, 1, 2, uintptr(sock)}
	return syscall.ForkExec("/proc/self/exe", initproc.Argv(), &syscall.ProcAttr{Env: initproc.SetupEnviron(), Files: files, Sys: attr})
}

func sysMaps(maps []control.IDMap) []syscall.SysProcIDMap {
	var list []syscall.SysProcIDMap
	for _, m := range maps {
		list = append(list, syscall.SysProcIDMap{ContainerID: int(m.Inside), HostID: int(m.Outside), Size: int(m.Count)})
	}
	return list
}
