//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// bench is a folder with what a soak needs, and the processes that run.
type bench struct {
	program, dir string

	mu      sync.Mutex
	running []*process
	count   int
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// process is one that runs in the background.
type process struct {
	*exec.Cmd
	log   string
	ended chan struct{}
}

// start runs the program in the background, what it says going to a file.
func (b *bench) start(env []string, args ...string) (*process, error) {
	b.mu.Lock()
	b.count++
	p := &process{Cmd: exec.Command(b.program, args...), log: b.path(fmt.Sprintf("log-%d-%s", b.count, args[0])), ended: make(chan struct{})}
	b.running = append(b.running, p)
	b.mu.Unlock()
	said, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer said.Close()
	p.Dir, p.Stdout, p.Stderr, p.Env = b.dir, said, said, append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.Wait() // how it ended is for those who ask
		close(p.ended)
	}()
	return p, nil
}

// kill ends a process as a crash would.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

// succeeded waits for the end of a process, and is an error with what it said unless that was a good one.
func (p *process) succeeded() error {
	<-p.ended
	if p.ProcessState.Success() {
		return nil
	}
	text, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s: %s", p.ProcessState, text)
}

// cpu is the time of the processor that an ended process took.
func (p *process) cpu() time.Duration { return p.ProcessState.UserTime() + p.ProcessState.SystemTime() }

func (b *bench) endAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.running {
		if p.Process != nil {
			_ = p.Process.Signal(syscall.SIGCONT)
			p.kill()
		}
	}
}

// do runs the program to its end and returns what it wrote to stdout, and its exit code.
func (b *bench) do(ctx context.Context, args ...string) (string, int, error) {
	c := exec.CommandContext(ctx, b.program, args...)
	var out, said bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = b.dir, &out, &said
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", 0, err
	}
	return out.String() + said.String(), c.ProcessState.ExitCode(), nil
}

// must is do for what has to end with an exit code.
func (b *bench) must(ctx context.Context, code int, args ...string) (string, error) {
	said, got, err := b.do(ctx, args...)
	if err == nil && got != code {
		err = fmt.Errorf("%s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, said)
	}
	return said, err
}

// serve starts a server on an address, or on a free port where it is empty, and returns its address.
func (b *bench) serve(ctx context.Context, store, address string) (*process, string, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	p, err := b.start(nil, "serve", "--store", store, "--listen", address, "--token-file", "token")
	if err != nil {
		return nil, "", err
	}
	for ctx.Err() == nil {
		select {
		case <-p.ended:
			text, _ := os.ReadFile(p.log)
			return nil, "", fmt.Errorf("the server ended: %s", text)
		case <-time.After(20 * time.Millisecond):
		}
		text, err := os.ReadFile(p.log)
		if err != nil {
			return nil, "", err
		}
		if _, at, found := strings.Cut(string(text), "the queue is at nats://"); found && strings.Contains(at, "\n") {
			return p, strings.Fields(at)[0], nil
		}
	}
	return nil, "", ctx.Err()
}

// at are the flags for a queue.
func at(address string) []string {
	return []string{"--queue", "nats://" + address, "--token-file", "token"}
}

// with appends flags to a command.
func with(flags []string, command ...string) []string { return append(command, flags...) }
