// SPDX-License-Identifier: MIT

package control

// IDMap is a line of a uid_map or gid_map; see user_namespaces(7).
type IDMap struct{ Inside, Outside, Count uint32 }

// Spawn asks the spawner to fork an init. The first of its files is the init's
// end of its control socket, over which the answer comes as well, before
// anything that the init itself may say: Spawned, or Fault. With Cgroup there is
// another, the directory of the cgroup of version 2 that the init is to be born in.
type Spawn struct {
	Namespaces uint64 // CLONE_NEW* of clone(2)
	UIDs, GIDs []IDMap
	// Become says that the maps hold a range of users, of which the init becomes
	// one. Otherwise they hold the caller alone, which the init stays.
	Become   bool
	UID, GID uint32
	Cgroup   bool
}

// MapIDs asks the spawner for a user namespace with these maps. Its one file is
// a socket for the answer: Mapped, or Fault.
type MapIDs struct{ UIDs, GIDs []IDMap }

// Spawned says that an init was forked. Its pidfd is attached.
type Spawned struct{ PID int }

// Mapped says that a user namespace was made. It is attached.
type Mapped struct{}

func (*Spawn) kind() Kind   { return KindSpawn }
func (*MapIDs) kind() Kind  { return KindMapIDs }
func (*Spawned) kind() Kind { return KindSpawned }
func (*Mapped) kind() Kind  { return KindMapped }

func (m *Spawn) encode(e *encoder) {
	e.uint(m.Namespaces)
	e.idMaps(m.UIDs)
	e.idMaps(m.GIDs)
	e.bool(m.Become)
	e.uint(uint64(m.UID))
	e.uint(uint64(m.GID))
	e.bool(m.Cgroup)
}

func (m *MapIDs) encode(e *encoder) {
	e.idMaps(m.UIDs)
	e.idMaps(m.GIDs)
}

func (m *Spawned) encode(e *encoder) { e.uint(uint64(m.PID)) }

func (m *Mapped) encode(*encoder) {}

func decodeSpawn(d *decoder) *Spawn {
	return &Spawn{
		Namespaces: d.uint(), UIDs: d.idMaps(), GIDs: d.idMaps(),
		Become: d.bool(), UID: uint32(d.uint()), GID: uint32(d.uint()),
		Cgroup: d.bool(),
	}
}

func (e *encoder) idMaps(maps []IDMap) {
	e.uint(uint64(len(maps)))
	for _, m := range maps {
		e.uint(uint64(m.Inside))
		e.uint(uint64(m.Outside))
		e.uint(uint64(m.Count))
	}
}

func (d *decoder) idMaps() []IDMap {
	n := d.uint()
	// Each of the three numbers of a map takes a byte at least.
	if n > uint64(len(d.buf))/3 {
		d.fail()
		return nil
	}
	maps := make([]IDMap, n)
	for i := range maps {
		maps[i] = IDMap{Inside: uint32(d.uint()), Outside: uint32(d.uint()), Count: uint32(d.uint())}
	}
	return maps
}
