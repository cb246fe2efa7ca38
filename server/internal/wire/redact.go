// SPDX-License-Identifier: MIT

package wire

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/sandbox-rls/sandbox"
)

// words are what a client has said itself.
type words []string

// knownWords are the strings of a request.
func knownWords(req proto.Message) words {
	if req == nil {
		return nil
	}
	var all words
	collect(req.ProtoReflect(), &all)
	return all
}

func collect(m protoreflect.Message, all *words) {
	add := func(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch {
		case fd.Message() != nil:
			collect(v.Message(), all)
		case fd.Kind() == protoreflect.StringKind && v.String() != "":
			*all = append(*all, v.String())
		}
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsList():
			for i := range v.List().Len() {
				add(fd, v.List().Get(i))
			}
		case fd.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				add(fd.MapValue(), v)
				return true
			})
		default:
			add(fd, v)
		}
		return true
	})
}

// has reports whether a path is one that the client has named, in the workspace or
// outside.
func (w words) has(path string) bool {
	bare := strings.Trim(path, "/")
	for _, s := range w {
		if s == path || strings.Contains(s, path) || bare != "" && strings.Trim(strings.TrimPrefix(s, sandbox.Workspace), "/") == bare {
			return true
		}
	}
	return false
}

// absolute finds what may be a path of a machine: a slash at the beginning of a
// word, up to what cannot be part of one.
var absolute = regexp.MustCompile(`(^|[\s"'(=\[,:])(/[^\s"'()\[\],;]+)`)

// redact takes all paths out of a text that the client has not named itself and
// that are not of the workspace.
func redact(s string, known words) string {
	return absolute.ReplaceAllStringFunc(s, func(m string) string {
		at := strings.IndexByte(m, '/')
		path := strings.TrimRight(m[at:], ":.,")
		if path == sandbox.Workspace || strings.HasPrefix(path, sandbox.Workspace+"/") || path == "/bin/sh" || known.has(path) {
			return m
		}
		return m[:at] + "…" + m[at+len(path):]
	})
}

// text is a string that the protocol can carry: valid UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// TextTo is a string that the protocol can carry. What is not valid UTF-8 in it is
// U+FFFD.
func TextTo(s string) string { return text(s) }
