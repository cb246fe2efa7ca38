// SPDX-License-Identifier: MIT

package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// route is a call as a resource.
type route struct{ call, method, path, body string }

// routes are the calls as resources: JSON over plain HTTP. What has content of its
// own, and no message, is in content.go.
var routes = []route{
	{"Codebase.CreateCodebase", "POST", "/v1/codebases", "*"},
	{"Codebase.ListCodebases", "GET", "/v1/codebases", ""},
	{"Codebase.GetCodebase", "GET", "/v1/codebases/{codebase_id}", ""},
	{"Codebase.DeleteCodebase", "DELETE", "/v1/codebases/{codebase_id}", ""},
	{"Codebase.ListFiles", "GET", "/v1/codebases/{codebase_id}/files", ""},
	{"Sandbox.CreateSandbox", "POST", "/v1/sandboxes", "*"},
	{"Sandbox.ListSandboxes", "GET", "/v1/sandboxes", ""},
	{"Sandbox.GetSandbox", "GET", "/v1/sandboxes/{sandbox_id}", ""},
	{"Sandbox.DestroySandbox", "DELETE", "/v1/sandboxes/{sandbox_id}", ""},
	{"Sandbox.StartSandbox", "POST", "/v1/sandboxes/{sandbox_id}/start", "*"},
	{"Sandbox.StopSandbox", "POST", "/v1/sandboxes/{sandbox_id}/stop", "*"},
	{"Sandbox.UpdateResources", "PUT", "/v1/sandboxes/{sandbox_id}/resources", "resources"},
	{"Sandbox.GetUsage", "GET", "/v1/sandboxes/{sandbox_id}/usage", ""},
	{"Sandbox.Exec", "POST", "/v1/sandboxes/{sandbox_id}/exec", "*"},
	{"Sandbox.CreateSession", "POST", "/v1/sandboxes/{sandbox_id}/sessions", "*"},
	{"Sandbox.ListSessions", "GET", "/v1/sandboxes/{sandbox_id}/sessions", ""},
	{"Sandbox.GetSession", "GET", "/v1/sessions/{session_id}", ""},
	{"Sandbox.DestroySession", "DELETE", "/v1/sessions/{session_id}", ""},
	{"Sandbox.SessionExec", "POST", "/v1/sessions/{session_id}/exec", "*"},
	{"Sandbox.ListWorkspace", "GET", "/v1/sandboxes/{sandbox_id}/files", ""},
	{"Sandbox.Explain", "GET", "/v1/sandboxes/{sandbox_id}/explain", ""},
	{"Sandbox.ListChanges", "GET", "/v1/sandboxes/{sandbox_id}/changes", ""},
	{"Sandbox.Commit", "POST", "/v1/sandboxes/{sandbox_id}/commit", "*"},
	{"Sandbox.Discard", "POST", "/v1/sandboxes/{sandbox_id}/discard", "*"},
	{"Sandbox.Fork", "POST", "/v1/sandboxes/{sandbox_id}/fork", "*"},
	{"Sandbox.CreateCheckpoint", "POST", "/v1/sandboxes/{sandbox_id}/checkpoints", "*"},
	{"Sandbox.ListCheckpoints", "GET", "/v1/sandboxes/{sandbox_id}/checkpoints", ""},
	{"Sandbox.Restore", "POST", "/v1/sandboxes/{sandbox_id}/checkpoints/{checkpoint_id}/restore", "*"},
	{"Sandbox.DeleteCheckpoint", "DELETE", "/v1/sandboxes/{sandbox_id}/checkpoints/{checkpoint_id}", ""},
	{"Sandbox.ListPresets", "GET", "/v1/presets", ""},
}

// rest serves the routes by the calls.
func (s *server) rest(mux *http.ServeMux, calls http.Handler) error {
	limit := vanguard.WithMaxMessageBufferBytes(uint32(s.options.limits.MessageBytes))
	var services []*vanguard.Service
	for _, f := range []protoreflect.FileDescriptor{sandboxv1.File_sandbox_v1_codebase_proto, sandboxv1.File_sandbox_v1_sandbox_proto} {
		service, err := routed(f)
		if err != nil {
			return err
		}
		services = append(services, vanguard.NewServiceWithSchema(service, calls, limit))
	}
	transcoder, err := vanguard.NewTranscoder(services)
	if err != nil {
		return err
	}
	mux.Handle("/v1/", unrouted(transcoder))
	for _, r := range routes {
		mux.Handle(r.method+" "+r.path, s.asked(r, transcoder))
	}
	return nil
}

// unrouted answers what is none of the routes.
func unrouted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/") { // which would be taken for the one without
			writeJSON(w, http.StatusNotFound, &status.Status{Code: int32(connect.CodeNotFound), Message: "not found"})
			return
		}
		req.Body = http.NoBody
		next.ServeHTTP(w, req)
	})
}

// asked refuses a query that the call does not know, text that is none, and a body
// that is not of the call: they would be taken for errors of the server's.
func (s *server) asked(r route, next http.Handler) http.Handler {
	input := messageOf(r.call)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := asksFor(input.Fields(), req.URL); err != nil {
			writeError(w, err)
			return
		}
		body, err := io.ReadAll(atMost(req.Body, int64(s.options.limits.MessageBytes)))
		if err == nil && len(body) > 0 {
			err = r.reads(body, input)
		}
		if err != nil {
			writeError(w, wire.ToConnect(err, nil))
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, req)
	})
}

// asksFor checks the path and the query of a request.
func asksFor(fields protoreflect.FieldDescriptors, u *url.URL) error {
	if !utf8.ValidString(u.Path) {
		return wire.ToConnect(invalidf("the path is not UTF-8"), nil)
	}
	for key, values := range u.Query() {
		f := fields.ByName(protoreflect.Name(key))
		if f == nil {
			f = fields.ByJSONName(key)
		}
		if f == nil || f.Message() != nil {
			return wire.ToConnect(invalidf("the query has no %q", key), &sandboxv1.ExecRequest{Command: key})
		}
		if !utf8.ValidString(strings.Join(values, "")) {
			return wire.ToConnect(invalidf("%s in the query is not UTF-8", key), nil)
		}
	}
	return nil
}

// reads checks that a body is of the call, or of the field that it stands for.
func (r *route) reads(body []byte, input protoreflect.MessageDescriptor) error {
	if r.body == "" {
		return invalidf("the call takes no body")
	}
	if !json.Valid(body) {
		return invalidf("the body is not JSON")
	}
	if f := input.Fields().ByName(protoreflect.Name(r.body)); f != nil && f.Message() != nil {
		input = f.Message()
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, dynamicpb.NewMessage(input)); err != nil {
		return invalidf("the body is not what the call takes: %v", err)
	}
	return nil
}

// messageOf describes the request of a call.
func messageOf(call string) protoreflect.MessageDescriptor {
	service, method, _ := strings.Cut(call, ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("sandbox.v1." + service + "Service." + method))
	if err != nil {
		return (&sandboxv1.Empty{}).ProtoReflect().Descriptor()
	}
	return d.(protoreflect.MethodDescriptor).Input()
}

// routed describes the service of a file with its routes, as annotations in the
// file would. They are not there, since clients in other languages would need
// them too. (vanguard.WithRules takes a selector for the beginning of one.)
func routed(f protoreflect.FileDescriptor) (protoreflect.ServiceDescriptor, error) {
	file := protodesc.ToFileDescriptorProto(f)
	service := file.Service[0]
	for _, m := range service.Method {
		for _, r := range routes {
			if r.call != strings.TrimSuffix(service.GetName(), "Service")+"."+m.GetName() {
				continue
			}
			if m.Options == nil {
				m.Options = &descriptorpb.MethodOptions{}
			}
			proto.SetExtension(m.Options, annotations.E_Http, r.rule())
		}
	}
	described, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		return nil, err
	}
	return described.Services().Get(0), nil
}

func (r *route) rule() *annotations.HttpRule {
	rule := &annotations.HttpRule{Body: r.body}
	switch r.method {
	case "GET":
		rule.Pattern = &annotations.HttpRule_Get{Get: r.path}
	case "POST":
		rule.Pattern = &annotations.HttpRule_Post{Post: r.path}
	case "PUT":
		rule.Pattern = &annotations.HttpRule_Put{Put: r.path}
	case "DELETE":
		rule.Pattern = &annotations.HttpRule_Delete{Delete: r.path}
	}
	return rule
}
