package main

// The terminal's rules: what is asked for goes to stdout, everything for people to stderr. Messages to people are lower
// case without a full stop; an error has the program's name in front, and so has the hint that may follow it.

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// How often a line of progress appears: rewritten in place on a terminal, added to a log otherwise.
	screenEvery = 100 * time.Millisecond
	logEvery    = 5 * time.Second
	// The time left is not guessed from less than this.
	guessAfter = 2 * time.Second
)

// terminal writes messages and progress for people.
type terminal struct {
	w      io.Writer
	screen bool // not a log: lines of progress take each other's place
	now    func() time.Time

	mu    sync.Mutex
	last  time.Time
	width int // of the progress line on the screen, 0 for none
}

func newTerminal(w io.Writer) *terminal {
	t := &terminal{w: w, now: time.Now}
	if f, ok := w.(*os.File); ok {
		t.screen = term.IsTerminal(int(f.Fd()))
	}
	return t
}

// say prints one line.
func (t *terminal) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	fmt.Fprintln(t.w, printable(fmt.Sprintf(format, args...)))
}

// stage returns a progress function for one piece of long work: the share of it that is done, in [0, 1], and what else
// there is to say. The time left is guessed from the pace since the first call, which an earlier run's work, gone on
// from, does not distort.
func (t *terminal) stage(name string) func(share float64, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = t.now()
	var begun time.Time
	var first float64
	return func(share float64, detail string) {
		t.mu.Lock()
		defer t.mu.Unlock()
		now := t.now()
		every := logEvery
		if t.screen {
			every = screenEvery
		}
		if begun.IsZero() {
			begun, first = now, share
		}
		if now.Sub(t.last) < every {
			return
		}
		t.last = now
		line := fmt.Sprintf("%s: %2.0f %%", name, 100*share)
		if detail != "" {
			line += ", " + detail
		}
		if spent := now.Sub(begun); spent >= guessAfter && share > first && share < 1 {
			left := time.Duration(float64(spent) * (1 - share) / (share - first))
			line += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		t.show(line)
	}
}

// show puts a line of progress in the place of the one before.
func (t *terminal) show(line string) {
	line = oneLine(line)
	if !t.screen {
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
