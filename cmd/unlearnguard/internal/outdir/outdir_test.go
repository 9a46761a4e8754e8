package outdir

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// write returns a fill that makes files whose content is the given mark.
func write(mark string, names ...string) func(string) error {
	return func(stage string) error {
		for _, name := range names {
			path := filepath.Join(stage, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(mark), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
}

// holds fails unless dir holds the given files, written name=content, and no others.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	names, err := files(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(name)+"="+string(content))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	if err := Place(dir, write("1", "a", "sub/b", "proof", "seal"), "proof", "seal"); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "a=1", "proof=1", "seal=1", "sub/b=1")
	if err := write("mine", "notes")(dir); err != nil {
		t.Fatal(err)
	}

	// A failure changes nothing.
	broken := errors.New("broken")
	err := Place(dir, func(stage string) error {
		return errors.Join(write("2", "a", "proof")(stage), broken)
	}, "proof", "seal")
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	holds(t, dir, "a=1", "notes=mine", "proof=1", "seal=1", "sub/b=1")

	// A voucher that is not made again does not vouch for what is new.
	if err := Place(dir, write("2", "a", "proof"), "proof", "seal"); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "a=2", "notes=mine", "proof=2", "sub/b=1")
}

// While files are replaced, and so wherever a kill could stop it, no voucher is there.
func TestPlaceTakesVouchersAwayFirst(t *testing.T) {
	dir := t.TempDir()
	if err := Place(dir, write("1", "a", "b", "proof"), "proof"); err != nil {
		t.Fatal(err)
	}
	// A folder with a file in it stands where b should go: the move stops there.
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if err := write("x", "b/in-the-way")(dir); err != nil {
		t.Fatal(err)
	}
	if err := Place(dir, write("2", "a", "b", "proof"), "proof"); err == nil {
		t.Fatal("a file replaced a folder")
	}
	holds(t, dir, "a=2", "b/in-the-way=x")
}

func TestOpen(t *testing.T) {
	parent := t.TempDir()
	if err := write("", "file")(parent); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"file":        "is a file",
		"file/sub":    "is inside a file",
		"missing/sub": "missing does not exist",
	} {
		if _, err := Open(filepath.Join(parent, path)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
	holds(t, parent, "file=")

	path := filepath.Join(parent, "new")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Checkpoints(false); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that nothing came of is still there: %v", err)
	}
}

func TestCheckpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	start := func(resume bool) (*Dir, string) {
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		at, err := d.Checkpoints(resume)
		if err != nil {
			t.Fatal(err)
		}
		return d, at
	}
	d, at := start(false)
	if Kept(path) {
		t.Error("there is a checkpoint before one is written")
	}
	if err := write("state", "model", ".half-written")(at); err != nil {
		t.Fatal(err)
	}
	d.Close()
	holds(t, path, "unlearnguard-checkpoint/.half-written=state", "unlearnguard-checkpoint/model=state")
	if !Kept(path) {
		t.Error("the checkpoint of an interrupted run is not noticed")
	}

	d, _ = start(true)
	d.Close()
	holds(t, path, "unlearnguard-checkpoint/.half-written=state", "unlearnguard-checkpoint/model=state")
	if d, _ = start(false); Kept(path) {
		t.Error("a run that does not resume goes on from a checkpoint")
	}
	if err := d.Finish(write("done", "result")); err != nil {
		t.Fatal(err)
	}
	d.Close()
	holds(t, path, "result=done")
	if Kept(path) {
		t.Error("the checkpoints outlive the run")
	}
}

// A folder is one process's until it is done with it, and what a killed one did not finish is deleted by the next.
func TestCheckpointsAreOneProcesss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	at, err := first.Checkpoints(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write("half", ".unlearnguard-1")(at), write("half", ".unlearnguard-2/report.json")(path)); err != nil {
		t.Fatal(err)
	}
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Checkpoints(true); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), path)) {
		t.Errorf("a folder that another process writes to: %v", err)
	}
	first.Close()
	if _, err := second.Checkpoints(true); err != nil {
		t.Fatal(err)
	}
	if err := second.Finish(write("done", "result")); err != nil {
		t.Fatal(err)
	}
	second.Close()
	if runtime.GOOS != "windows" {
		holds(t, path, "result=done")
	}
}
