// SPDX-License-Identifier: MIT

package docker_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

const (
	manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	configType   = "application/vnd.docker.container.image.v1+json"
	layerType    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

// registry serves one image: https://distribution.github.io/distribution/spec/api.
// Its repositories differ in what goes wrong.
type registry struct {
	host     string
	manifest []byte
	blobs    map[string][]byte
	layer    string // the digest of one of them
	over     chan struct{}
}

func digest(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// newRegistry serves the image busybox with one more variable, so that it is another.
func newRegistry(t *testing.T) *registry {
	t.Helper()
	config, layer := parts(t)
	var image map[string]any
	if err := json.Unmarshal(config, &image); err != nil {
		t.Fatal(err)
	}
	settings := image["config"].(map[string]any)
	settings["Env"] = append(settings["Env"].([]any), "PULLED="+t.Name())
	config, err := json.Marshal(image)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Comment = rand.Text() // none that the engine has seen
	_, _ = z.Write(layer)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	layer = packed.Bytes()
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": map[string]any{"mediaType": configType, "size": len(config), "digest": digest(config)},
		"layers": []any{map[string]any{"mediaType": layerType, "size": len(layer), "digest": digest(layer)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{manifest: manifest, blobs: map[string][]byte{digest(config): config, digest(layer): layer}, layer: digest(layer), over: make(chan struct{})}
	s := httptest.NewServer(r)
	t.Cleanup(func() {
		close(r.over)
		s.CloseClientConnections()
		s.Close()
	})
	r.host = strings.TrimPrefix(s.URL, "http://") // on 127.0.0.1, where engines ask for no certificate
	return r
}

// parts are the configuration and the one layer of the image busybox.
func parts(t *testing.T) (config, layer []byte) {
	t.Helper()
	saved, err := engine(t).ImageSave(t.Context(), []string{busybox})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(saved); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &list); err != nil || len(list) != 1 || len(list[0].Layers) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	return files[list[0].Config], files[list[0].Layers[0]]
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	repository, what, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/v2/"), "/")
	kind, ref, _ := strings.Cut(what, "/")
	blob := r.blobs[ref]
	switch {
	case req.URL.Path == "/v2/":
		w.WriteHeader(http.StatusOK)
	case repository == "private":
		refuse(w, http.StatusForbidden, "DENIED")
	case kind == "manifests" && (ref == "1" || ref == digest(r.manifest)):
		w.Header().Set("Docker-Content-Digest", digest(r.manifest))
		serve(w, manifestType, r.manifest)
	case kind == "manifests":
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
	case blob == nil:
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN")
	case ref == r.layer && repository == "stalled":
		<-r.over // the engine goes on for a while when nobody waits any more
	case ref == r.layer && repository == "broken":
		serve(w, "application/octet-stream", append(blob[:len(blob)-1:len(blob)-1], 'x'))
	default:
		serve(w, "application/octet-stream", blob)
	}
}

func serve(w http.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"as the test has it"}]}`, code)
}

// TestPull has an image pulled that the engine has not.
func TestPull(t *testing.T) {
	c := engine(t)
	for _, name := range []string{"tag", "digest"} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			ref := r.host + "/image:1"
			if name == "digest" {
				ref = r.host + "/image@" + digest(r.manifest)
			}
			var told []docker.Progress
			rt := open(t, busybox, docker.WithProgress(func(p docker.Progress) { told = append(told, p) }))
			t.Cleanup(func() {
				if _, err := c.ImageRemove(context.Background(), ref, client.ImageRemoveOptions{Force: true}); err != nil {
					t.Error(err)
				}
			})
			sb := newSandbox(t, rt, map[string]string{"a": "a\n"}, sandbox.WithImage(ref))
			if got := run(t, sb, "echo $PULLED; cat a"); got.Stdout != t.Name()+"\na\n" {
				t.Errorf("got %+v", got)
			}
			if info, err := sb.Info(t.Context()); err != nil || info.Image != ref {
				t.Errorf("got %+v, %v", info, err)
			}
			var layer, bytes bool
			for _, p := range told {
				layer = layer || p.Layer != "" && p.Status == "Pull complete"
				bytes = bytes || p.Total > 0 && p.Current > 0 && p.Current <= p.Total
				if p.Image != ref {
					t.Errorf("another image: %+v", p)
				}
			}
			if len(told) == 0 || !strings.HasPrefix(told[len(told)-1].Status, "Status: Downloaded") || !layer || !bytes {
				t.Errorf("the progress: %+v", told)
			}
			// It is there now, and nobody is asked.
			told = nil
			if err := newSandbox(t, rt, nil, sandbox.WithImage(ref)).Close(); err != nil || len(told) > 0 {
				t.Errorf("again: %v, %+v", err, told)
			}
			if err := sb.Close(); err != nil { // before the image goes
				t.Error(err)
			}
		})
	}
}

// TestPullFails has pulls fail in all the ways of registries.
func TestPullFails(t *testing.T) {
	c := engine(t)
	r := newRegistry(t)
	rt := open(t, busybox)
	for ref, want := range map[string]struct {
		is    error
		words string
	}{
		"/image:2":              {fs.ErrNotExist, "manifest unknown"},
		"/image@" + digest(nil): {fs.ErrNotExist, "not found"},
		"/private:1":            {docker.ErrImage, "denied"},
		"/broken:1":             {docker.ErrImage, "verification failed"},
		"/Image:1":              {fs.ErrInvalid, "lowercase"},
	} {
		err := refused(t, rt, sandbox.WithImage(r.host+ref))
		if !errors.Is(err, docker.ErrImage) || !errors.Is(err, want.is) || !strings.Contains(err.Error(), want.words) || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: got %v", ref, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	_, err := manager(t).FromLocal(ctx, project(t, nil), sandbox.WithRuntime(rt), sandbox.WithImage(r.host+"/stalled:1"))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute {
		t.Errorf("one that does not go on: %v after %v", err, time.Since(began))
	}
	eventually(t, "no container is left", func() bool { return len(containers(t, c, "")) == 0 })
}
