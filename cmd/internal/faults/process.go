//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// hang is the time after which a run counts as one that does not end.
const hang = 10 * time.Minute

// bench is a folder with what the checks need.
type bench struct {
	program, dir string
	plan         plan
	random       *rand.Rand
	works        []*work
	kept, forget []string // the images that the pair of networks is about
	cases        int
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// call is how the program is run.
type call struct {
	dir  string // to run in
	args []string
	// shell, if not empty, is what a shell does before it becomes the program, such as "ulimit -n 32;".
	shell string
	// redirect is written behind the program's name, such as ">&-".
	redirect string
	env      []string // in place of all of the environment, nil for the usual
	stdout   io.Writer
	stderr   io.Writer
	user     int // to run as, 0 for the usual
}

// ended is what became of a run.
type ended struct {
	code           int // -1 where a signal ended it
	stdout, stderr string
	took           time.Duration
	memory         int64 // the most that was resident, in bytes
}

// command makes the call's process.
func (b *bench) command(c call) *exec.Cmd {
	p := exec.Command(b.program, c.args...)
	if c.shell != "" || c.redirect != "" {
		p = exec.Command("sh", append([]string{"-c", c.shell + ` exec "$0" "$@" ` + c.redirect, b.program}, c.args...)...)
	}
	p.Dir, p.Env = c.dir, c.env
	if c.user != 0 {
		p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(c.user), Gid: uint32(c.user)}}
	}
	return p
}

// begin starts a run; what it says is kept until wait.
func (b *bench) begin(c call) (*running, error) {
	r := &running{Cmd: b.command(c), done: make(chan struct{}), begun: time.Now()}
	r.Stdout, r.Stderr = &r.out, &r.said
	if c.stdout != nil {
		r.Stdout = c.stdout
	}
	if c.stderr != nil {
		r.Stderr = c.stderr
	}
	return r, r.start()
}

// running is a run that goes on.
type running struct {
	*exec.Cmd
	out, said bytes.Buffer
	begun     time.Time
	done      chan struct{}
	err       error
}

func (r *running) start() error {
	if err := r.Start(); err != nil {
		return err
	}
	go func() {
		r.err = r.Wait()
		close(r.done)
	}()
	return nil
}

// over reports whether the run has come to an end.
func (r *running) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// end waits for the end of a run, and kills one that hangs.
func (r *running) end(ctx context.Context) (ended, error) {
	select {
	case <-r.done:
	case <-ctx.Done():
		_ = r.Process.Kill()
		<-r.done
		return ended{}, ctx.Err()
	case <-time.After(hang):
		_ = r.Process.Kill()
		<-r.done
		return ended{}, fmt.Errorf("%s did not end within %s", r.Args, hang)
	}
	var exit *exec.ExitError
	if r.err != nil && !errors.As(r.err, &exit) {
		return ended{}, r.err
	}
	e := ended{code: r.ProcessState.ExitCode(), stdout: r.out.String(), stderr: r.said.String(), took: time.Since(r.begun)}
	if usage, ok := r.ProcessState.SysUsage().(*syscall.Rusage); ok {
		e.memory = usage.Maxrss << 10
	}
	return e, nil
}

// do carries out a run to its end.
func (b *bench) do(ctx context.Context, c call) (ended, error) {
	r, err := b.begin(c)
	if err != nil {
		return ended{}, err
	}
	return r.end(ctx)
}

// must is do for what has to end with 0.
func (b *bench) must(ctx context.Context, c call) (ended, error) {
	e, err := b.do(ctx, c)
	if err == nil && e.code != 0 {
		err = fmt.Errorf("%s: exit code %d: %s", strings.Join(c.args, " "), e.code, e.lastLine())
	}
	return e, err
}

// refused requires that a run ended with 1 and an error of the program that holds all words.
func (e ended) refused(words ...string) error {
	if e.code != 1 || !strings.Contains(e.stderr, "unlearnguard: ") {
		return fmt.Errorf("exit code %d and %q, where an error was due", e.code, e.lastLine())
	}
	for _, w := range words {
		if !strings.Contains(e.stderr, w) {
			return fmt.Errorf("%q does not say %q", e.lastLine(), w)
		}
	}
	return nil
}

// lastLine is the end of what a run said.
func (e ended) lastLine() string {
	lines := strings.Split(strings.TrimSpace(e.stderr), "\n")
	return lines[len(lines)-1]
}

// folder makes an empty folder for a case.
func (b *bench) folder(name string) (string, error) {
	b.cases++
	dir := b.path(fmt.Sprintf("case-%d-%s", b.cases, name))
	return dir, os.Mkdir(dir, 0o755)
}
