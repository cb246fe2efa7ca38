// SPDX-License-Identifier: MIT

package commit

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
)

// encode writes the record as encoding/json does, which is read again by that. Between
// staging and the first step nothing else goes on, and reflection takes several times as
// long for what may be thousands of steps.
func (r *record) encode() []byte {
	b := make([]byte, 0, 256+128*len(r.Items)+512*len(r.Steps))
	b = appendInt(append(b, '{'), `"version":`, r.Version)
	b = appendText(b, `,"state":`, string(r.State))
	b = appendName(b, `,"target":`, r.Target)
	b = appendInt(b, `,"dev":`, r.Dev)
	b = appendInt(b, `,"ino":`, r.Ino)
	if r.Partial {
		b = append(b, `,"partial":true`...)
	}
	b = appendList(b, `,"homes":`, r.Homes, (*home).encode)
	if len(r.Items) > 0 {
		b = appendList(b, `,"items":`, r.Items, (*item).encode)
	}
	if len(r.Steps) > 0 {
		b = appendList(b, `,"steps":`, r.Steps, (*step).encode)
	}
	return append(b, '}')
}

func (h *home) encode(b []byte) []byte {
	b = appendName(b, `{"path":`, h.Path)
	return append(appendInt(b, `,"ino":`, h.Ino), '}')
}

func (i *item) encode(b []byte) []byte {
	b = appendName(b, `{"path":`, i.Path)
	return append(appendInt(b, `,"kind":`, i.Kind), '}')
}

func (s *step) encode(b []byte) []byte {
	b = appendInt(b, `{"item":`, s.Item)
	b = appendText(b, `,"verb":`, string(s.Verb))
	b = appendName(b, `,"path":`, s.Path)
	b = appendInt(b, `,"home":`, s.Home)
	if s.Old != nil {
		b = s.Old.encode(append(b, `,"old":`...))
	}
	if s.New != nil {
		b = s.New.encode(append(b, `,"new":`...))
	}
	if s.Perm != 0 {
		b = appendInt(b, `,"perm":`, s.Perm)
	}
	if s.Mtime != 0 {
		b = appendInt(b, `,"mtime":`, s.Mtime)
	}
	return append(b, '}')
}

func (s *Stamp) encode(b []byte) []byte {
	b = appendInt(b, `{"ino":`, s.Ino)
	b = appendInt(b, `,"mode":`, s.Mode)
	b = appendInt(b, `,"size":`, s.Size)
	b = appendInt(b, `,"mtime":`, s.Mtime)
	b = appendInt(b, `,"ctime":`, s.Ctime)
	b = appendInt(b, `,"UID":`, s.UID)
	b = appendInt(b, `,"GID":`, s.GID)
	if len(s.Digest) > 0 {
		b = append(b, `,"digest":"`...)
		b = append(base64.StdEncoding.AppendEncode(b, s.Digest), '"')
	}
	return append(b, '}')
}

type integer interface {
	~int | ~int64 | ~uint8 | ~uint32 | ~uint64
}

func appendInt[N integer](b []byte, key string, n N) []byte {
	b = append(b, key...)
	if n < 0 {
		return strconv.AppendInt(b, int64(n), 10)
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// appendText writes what is one of a few words, unless the record was read from
// something else.
func appendText(b []byte, key, text string) []byte {
	b = append(b, key...)
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" {
		quoted, _ := json.Marshal(text) // a string never fails
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), text...), '"')
}

func appendName(b []byte, key string, n name) []byte {
	b = append(append(b, key...), '"')
	return append(base64.StdEncoding.AppendEncode(b, []byte(n)), '"')
}

func appendList[T any](b []byte, key string, list []T, encode func(*T, []byte) []byte) []byte {
	b = append(b, key...)
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = encode(&list[i], b)
	}
	return append(b, ']')
}
