// SPDX-License-Identifier: MIT

package docker

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// maps keeps the user namespaces by which layers become the user's of a container.
// Each is made once: it depends on nothing but the two users.
type maps struct {
	mu   sync.Mutex
	made map[mapKey]int
}

type mapKey struct {
	user runtime.User
	from runtime.Owner // UID -1: the runtime's own
}

// get returns a namespace, which stays the receiver's.
func (m *maps) get(user runtime.User, from *runtime.Owner) (int, error) {
	key := mapKey{user, runtime.Owner{UID: -1, GID: -1}}
	if from != nil {
		key.from = *from
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if ns, ok := m.made[key]; ok {
		return ns, nil
	}
	ns, err := launch.NewUserMap(user, from).Namespace()
	if err != nil {
		return -1, err
	}
	if m.made == nil {
		m.made = make(map[mapKey]int)
	}
	m.made[key] = ns
	return ns, nil
}

func (m *maps) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ns := range m.made {
		unix.Close(ns)
	}
	m.made = nil
}

// shiftOf returns what a process's user namespace adds to numbers: that of an engine
// that remaps users (userns-remap) has a range somewhere, any other has all.
func shiftOf(pid int) (int, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/uid_map")
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(data))
	if len(f) < 3 || f[0] != "0" {
		return 0, runtime.ErrUnsupported
	}
	return strconv.Atoi(f[1])
}
