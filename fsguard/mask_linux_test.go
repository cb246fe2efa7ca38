// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// maskOwner is whom masks shall belong to: another than root where the test
// may choose.
func maskOwner() tree.Owner {
	if os.Geteuid() == 0 && os.Getenv(maskChild) == "" {
		return tree.Owner{UID: 1879049192, GID: 1879049192}
	}
	return tree.Caller
}

// maskSource makes a codebase and the plan of what a ruleset masks of it.
func maskSource(t *testing.T) (*tree.Tree, *fsguard.Plan) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "code")
	files := []string{"src/main.go", "src/view.txt", "src/" + strings.Repeat("n", 255), "keys/public/a.md", "odd\xff\n/.env", "closed/.env", "plain/file"}
	for i := range 300 {
		files = append(files, fmt.Sprintf("keys/%0200d", i))
	}
	for _, name := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("content of "+filepath.Base(name)), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Unix(1_700_000_000, 123456789)
	for _, name := range []string{"src/view.txt", "src", "keys", "closed", ""} {
		if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "closed"), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Remove(dir) })
	listing, err := tree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	policy := planPolicy(t, planRule("**", fsguard.Read), planRule("/src/view.txt", fsguard.View),
		planRule("/keys/**", fsguard.None), planRule("/keys/public/**", fsguard.Read),
		priorRule(1, planRule("**/.env", fsguard.None)), planRule("/out/new/**", fsguard.Write))
	return listing, fsguard.NewPlan(listing, policy)
}

func maskDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mask")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Remove(dir) })
	return dir
}

func TestBuildMask(t *testing.T) {
	listing, plan := maskSource(t)
	dir, owner := maskDir(t), maskOwner()
	layers, err := fsguard.BuildMask(dir, listing, plan, owner)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{dir + "/facade", dir + "/mask"}; !slices.Equal(layers, want) {
		t.Fatalf("layers %q, want %q", layers, want)
	}
	facade, mask := masks(t, layers[0]), masks(t, layers[1])
	for _, path := range plan.Hidden {
		if e := mask.Lookup(path); e == nil || e.Mode.Type() != fs.ModeDevice|fs.ModeCharDevice {
			t.Errorf("%q is no whiteout: %+v", path, e)
		}
		if facade.Lookup(path) != nil {
			t.Errorf("%q is in the facade", path)
		}
	}
	view, source := mask.Lookup("/src/view.txt"), listing.Lookup("/src/view.txt")
	if view == nil || view.Mode != 0 || view.Size != source.Size || view.ModTime != source.ModTime {
		t.Errorf("placeholder %+v of %+v", view, source)
	}
	var st unix.Stat_t
	if err := unix.Lstat(layers[1]+"/src/view.txt", &st); err != nil || st.Blocks != 0 {
		t.Errorf("placeholder has %d blocks, %v", st.Blocks, err)
	}
	for _, path := range []string{"/out", "/out/new"} {
		if e := mask.Lookup(path); e == nil || e.Mode != fs.ModeDir|0o755 {
			t.Errorf("missing directory %s: %+v", path, e)
		}
	}
	for _, layer := range []*tree.Tree{facade, mask} {
		for _, e := range layer.Entries {
			source := listing.Lookup(e.Path)
			if e.Mode.IsDir() && source != nil && (e.Mode != source.Mode || e.ModTime != source.ModTime) {
				t.Errorf("%s%s: %v %d, want %v %d", layer.Dir, e.Path, e.Mode, e.ModTime, source.Mode, source.ModTime)
			}
			if owner.Set() && !e.Special() && (int(e.UID) != owner.UID || int(e.GID) != owner.GID) {
				t.Errorf("%s%s belongs to %d:%d", layer.Dir, e.Path, e.UID, e.GID)
			}
		}
	}
	if f, m := facade.Lookup("/keys"), mask.Lookup("/keys"); f.Size >= m.Size {
		t.Errorf("the facade's directory is as large as the mask's: %d, %d", f.Size, m.Size)
	}
	var dirs []string
	for _, e := range facade.Entries {
		dirs = append(dirs, e.Path)
	}
	want := []string{"/", "/closed", "/keys", "/keys/public", "/odd\xff\n", "/out", "/out/new", "/plain", "/src"}
	if !slices.Equal(dirs, want) {
		t.Errorf("the facade has %q, want the visible directories %q", dirs, want)
	}
}

func masks(t *testing.T, dir string) *tree.Tree {
	t.Helper()
	listing, err := tree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return listing
}

func TestBuildMaskMakesOnlyWhatIsNeeded(t *testing.T) {
	listing, _ := maskSource(t)
	for name, test := range map[string]struct {
		rules []fsguard.Rule
		want  []string
	}{
		"nothing":     {[]fsguard.Rule{planRule("**", fsguard.Read)}, nil},
		"placeholder": {[]fsguard.Rule{planRule("**", fsguard.Read), planRule("/src/view.txt", fsguard.View)}, []string{"mask"}},
		"view only":   {[]fsguard.Rule{planRule("**", fsguard.View)}, nil},
		"missing":     {[]fsguard.Rule{planRule("**", fsguard.Read), planRule("/out/**", fsguard.Write)}, []string{"mask"}},
	} {
		dir := maskDir(t)
		layers, err := fsguard.BuildMask(dir, listing, fsguard.NewPlan(listing, planPolicy(t, test.rules...)), maskOwner())
		if err != nil {
			t.Fatal(err)
		}
		for i := range layers {
			layers[i] = filepath.Base(layers[i])
		}
		if !slices.Equal(layers, test.want) {
			t.Errorf("%s: layers %q, want %q", name, layers, test.want)
		}
	}
}

const maskChild = "FSGUARD_TEST_MASK_CHILD"

// TestMaskedOverlay mounts a real one in a user namespace.
func TestMaskedOverlay(t *testing.T) {
	if os.Getenv(maskChild) == "" {
		runtime.LockOSThread() // the child dies with the thread that started it
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestMaskedOverlay$", "-test.v")
		cmd.Env = append(os.Environ(), maskChild+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Pdeathsig:   syscall.SIGKILL,
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			if os.Getenv("SANDBOX_REQUIRE") != "" {
				t.Fatal("no user namespace: ", err)
			}
			t.Skip("no user namespace: ", err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	listing, plan := maskSource(t)
	// mknod is for the initial namespace only but for whiteouts: here it works.
	layers, err := fsguard.BuildMask(maskDir(t), listing, plan, tree.Caller)
	if err != nil {
		t.Fatal(err)
	}
	mount := func(layers ...string) (merged string) {
		merged = t.TempDir()
		data := "userxattr,lowerdir=" + strings.Join(layers, ":")
		if err := unix.Mount("overlay", merged, "overlay", 0, data); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(merged, unix.MNT_DETACH) })
		return merged
	}
	merged := mount(layers[0], mount(layers[1], listing.Dir))
	got := masks(t, merged)
	for _, e := range listing.Entries {
		seen := got.Lookup(e.Path)
		if hidden := plan.HiddenBeneath(e.Path) && !e.Mode.IsDir(); hidden != (seen == nil) && e.Mode.IsRegular() {
			t.Errorf("%q: hidden %v, seen %+v", e.Path, hidden, seen)
		}
		if seen != nil && (seen.ModTime != e.ModTime || seen.Mode.Type() != e.Mode.Type()) {
			t.Errorf("%q: %+v, want %+v", e.Path, seen, e)
		}
	}
	for _, e := range got.Entries {
		var st unix.Stat_t
		if err := unix.Lstat(merged+e.Path, &st); e.Mode.IsDir() && (err != nil || st.Nlink != 1) {
			t.Errorf("%q: %d links, %v", e.Path, st.Nlink, err)
		}
	}
	if e := got.Lookup("/out/new"); e == nil {
		t.Error("missing directory is not there")
	}
}

func TestMaskCacheBuildsOnce(t *testing.T) {
	listing, plan := maskSource(t)
	dir := maskDir(t)
	cache, err := fsguard.OpenMaskCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	got := make([]*fsguard.Mask, 8)
	for i := range got {
		wg.Go(func() {
			m, err := cache.Get(listing, plan, maskOwner())
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = m
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, m := range got {
		if !slices.Equal(m.Layers, got[0].Layers) || len(m.Layers) != 2 {
			t.Errorf("layers %q and %q", m.Layers, got[0].Layers)
		}
		m.Release()
		m.Release()
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d masks on disk", len(entries))
	}
	again, err := fsguard.OpenMaskCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := again.Get(listing, plan, maskOwner())
	if err != nil || !slices.Equal(m.Layers, got[0].Layers) {
		t.Errorf("opened anew: %v, %v", m, err)
	}
}

func TestMaskCacheKeepsWhatIsUsed(t *testing.T) {
	dir := maskDir(t)
	cache, err := fsguard.OpenMaskCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	get := func(i int) *fsguard.Mask {
		listing := sampleTree(fmt.Sprintf("/hidden%d", i))
		m, err := cache.Get(listing, fsguard.NewPlan(listing, planPolicy(t)), maskOwner())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	used := get(0)
	for i := range 100 {
		get(i + 1).Release()
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 17 {
		t.Errorf("%d masks on disk, want the 16 last ones and the one in use", len(entries))
	}
	if _, err := os.Stat(used.Layers[0]); err != nil {
		t.Error("the mask in use went away: ", err)
	}
}
