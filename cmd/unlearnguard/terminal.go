package main

// The terminal's rules: what is asked for goes to stdout, everything for people to stderr. Messages to people are lower
// case without a full stop; an error has the program's name in front.

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// terminal writes messages and progress for people.
type terminal struct {
	w           io.Writer
	interactive bool

	mu    sync.Mutex
	last  time.Time
	width int // of the progress line on the screen, 0 for none
}

func newTerminal(w io.Writer) *terminal {
	t := &terminal{w: w}
	if f, ok := w.(*os.File); ok {
		t.interactive = term.IsTerminal(int(f.Fd()))
	}
	return t
}

// say prints one line.
func (t *terminal) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	fmt.Fprintf(t.w, format+"\n", args...)
}

// progress shows where long work stands: a line that is rewritten on a terminal, one every few seconds in a log.
func (t *terminal) progress(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	every := 5 * time.Second
	if t.interactive {
		every = 100 * time.Millisecond
	}
	if time.Since(t.last) < every {
		return
	}
	t.last = time.Now()
	line := fmt.Sprintf(format, args...)
	if !t.interactive {
		fmt.Fprintln(t.w, line)
		return
	}
	t.erase()
	fmt.Fprint(t.w, line)
	t.width = len(line)
}

func (t *terminal) erase() {
	if t.width > 0 {
		fmt.Fprintf(t.w, "\r%*s\r", t.width, "")
		t.width = 0
	}
}

// stage returns a progress function for work that is counted, with an estimate of the time left.
func (t *terminal) stage(name string) func(done, total int, detail string) {
	begun := time.Now()
	return func(done, total int, detail string) {
		left := ""
		if done > 0 && done < total {
			d := time.Duration(float64(time.Since(begun)) * float64(total-done) / float64(done))
			left = fmt.Sprintf(", %s left", d.Round(time.Second))
		}
		if detail != "" {
			detail = ", " + detail
		}
		t.progress("%s: %d %%%s%s", name, 100*done/max(total, 1), detail, left)
	}
}
