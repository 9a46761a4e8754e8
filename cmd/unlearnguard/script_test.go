package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/rogpeppe/go-internal/testscript"

	"unlearnguard/onnxio"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"unlearnguard": main})
}

// TestScripts runs sessions at the prompt. Beside testscript's own commands they use those of scriptCommands.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands,
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			return os.Geteuid() == 0, nil
		},
	})
}

var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// exits CODE PROGRAM ARGS... runs a program and requires its exit code.
	"exits": func(ts *testscript.TestScript, _ bool, args []string) {
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		err = ts.Exec(args[1], args[2:]...)
		if got := exitStatus(err); got != want {
			ts.Fatalf("%v: exit code %d, want %d", args[1:], got, want)
		}
	},
	// stopped SIGNAL FILE PROGRAM ARGS... runs a program and sends it INT or KILL once FILE is there. It must end by that:
	// with exit code 130, or killed. What it said is kept in the file stopped.txt.
	"stopped": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(stopped(ts, args[0], ts.MkAbs(args[1]), args[2:]))
	},
	// tree FOLDER lists the files below a folder on stdout, hidden ones too.
	"tree": func(ts *testscript.TestScript, _ bool, args []string) {
		root := ts.MkAbs(args[0])
		ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			fmt.Fprintln(ts.Stdout(), filepath.ToSlash(name))
			return err
		}))
	},
	// settled copies the last stdout to stdout without what differs between processors or exporters.
	"settled": func(ts *testscript.TestScript, _ bool, _ []string) {
		text := measured.ReplaceAllString(ts.ReadFile("stdout"), "$1 ...")
		fmt.Fprint(ts.Stdout(), text)
	},
	// untimed FILES... takes the times out of reports.
	"untimed": func(ts *testscript.TestScript, _ bool, args []string) {
		for _, file := range args {
			text := times.ReplaceAllString(ts.ReadFile(file), "")
			ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
		}
	},
	// cut FILE BYTES shortens a file.
	"cut": func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.ParseInt(args[1], 10, 64)
		ts.Check(err)
		ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
	},
	// onnx FILE KIND writes a small model: see models.
	"onnx": func(ts *testscript.TestScript, _ bool, args []string) {
		model, ok := models[args[1]]
		if !ok {
			ts.Fatalf("no model %s", args[1])
		}
		ts.Check(onnxio.WriteFile(ts.MkAbs(args[0]), model()))
	},
	// answers FILE ERROR writes an .npz file with inputs x and what the model relu makes of them, y, off by ERROR.
	"answers": func(ts *testscript.TestScript, _ bool, args []string) {
		off, err := strconv.ParseFloat(args[1], 64)
		ts.Check(err)
		x, y := answers(off)
		f, err := os.Create(ts.MkAbs(args[0]))
		ts.Check(err)
		z := npz.NewWriter(f)
		ts.Check(errors.Join(z.Write("x.npy", x), z.Write("y.npy", y), z.Close(), f.Close()))
	},
	// png FILE SIDE grey|rgb SEED writes a square picture.
	"png": func(ts *testscript.TestScript, _ bool, args []string) {
		side, err := strconv.Atoi(args[1])
		ts.Check(err)
		seed, err := strconv.Atoi(args[3])
		ts.Check(err)
		f, err := os.Create(ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Check(errors.Join(png.Encode(f, picture(side, args[2] == "rgb", seed)), f.Close()))
	},
	// serving VARIABLE ARGS... runs unlearnguard serve on a free port until the script ends, and sets the variable to its URL.
	"serving": func(ts *testscript.TestScript, _ bool, args []string) {
		url, stop, err := serveFor(ts, args[1:])
		ts.Check(err)
		ts.Defer(stop)
		ts.Setenv(args[0], url)
	},
	// keys NAME writes a pair of keys, NAME.pem and NAME.pub.pem.
	"keys": func(ts *testscript.TestScript, _ bool, args []string) {
		public, private, err := ed25519.GenerateKey(nil)
		ts.Check(err)
		secret, err := x509.MarshalPKCS8PrivateKey(private)
		ts.Check(err)
		open, err := x509.MarshalPKIXPublicKey(public)
		ts.Check(err)
		write := func(name, kind string, der []byte) {
			ts.Check(os.WriteFile(ts.MkAbs(args[0]+name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		}
		write(".pem", "PRIVATE KEY", secret)
		write(".pub.pem", "PUBLIC KEY", open)
	},
}

var measured = regexp.MustCompile(`(measured deviation|largest absolute error|relative|sha256|size) +[0-9a-f.e+-]+`)

// times is the object of report.json that differs between two runs.
var times = regexp.MustCompile(`(?s)  "times": \{.*?\n  \}`)

// exitStatus is the exit code that the error of a command stands for, -1 where it was killed or did not start.
func exitStatus(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

func stopped(ts *testscript.TestScript, signal, file string, args []string) error {
	said, err := os.Create(ts.MkAbs("stopped.txt"))
	if err != nil {
		return err
	}
	defer said.Close()
	program, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	c := exec.Command(program, args[1:]...)
	c.Dir, c.Stdout, c.Stderr = ts.MkAbs("."), said, said
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			break
		}
		if len(ended) > 0 || time.Now().After(deadline) {
			c.Process.Kill()
			return fmt.Errorf("%s did not appear while %v ran", file, args)
		}
	}
	how, want := syscall.SIGINT, exitInterrupted
	if signal == "KILL" {
		how, want = syscall.SIGKILL, -1
	}
	if err := c.Process.Signal(how); err != nil {
		return err
	}
	if got := exitStatus(<-ended); got != want {
		return fmt.Errorf("%v after %s: exit code %d, want %d", args, signal, got, want)
	}
	return nil
}

// serveFor starts a server and waits for its URL.
func serveFor(ts *testscript.TestScript, args []string) (url string, stop func(), err error) {
	program, err := exec.LookPath("unlearnguard")
	if err != nil {
		return "", nil, err
	}
	c := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	c.Dir = ts.MkAbs(".")
	said, err := c.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		c.Process.Kill()
		c.Wait()
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if url, found := strings.CutPrefix(lines.Text(), "the queue is at "); found {
			go io.Copy(io.Discard, said)
			return url, stop, nil
		}
	}
	stop()
	return "", nil, errors.New("the server did not start")
}
