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
	logEvery    = 10 * time.Second
	// A stage that ends sooner leaves nothing in a log.
	logAfter = 2 * time.Second
	// The time left is not guessed from less than this.
	guessAfter = 2 * time.Second
)

// terminal writes messages and progress for people.
type terminal struct {
	w      io.Writer
	screen bool // not a log: lines of progress take each other's place
	quiet  bool // errors alone
	now    func() time.Time

	mu sync.Mutex
	// current is the stage that is worked on, since begun; empty for none. next is when a line of progress may appear.
	current     string
	begun, next time.Time
	width       int // of the progress line on the screen, 0 for none
}

func newTerminal(w io.Writer) *terminal {
	t := &terminal{w: w, now: time.Now}
	if f, ok := w.(*os.File); ok {
		t.screen = term.IsTerminal(int(f.Fd()))
	}
	return t
}

// say prints one line, which ends the stage that is worked on.
func (t *terminal) say(format string, args ...any) {
	if !t.quiet {
		t.complain(format, args...)
	}
}

// complain is say of an error: --quiet does not silence it.
func (t *terminal) complain(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = ""
	t.erase()
	fmt.Fprintln(t.w, printable(fmt.Sprintf(format, args...)))
}

// begin sets the stage that is worked on. The caller holds the lock.
func (t *terminal) begin(name string) {
	t.current, t.begun = name, t.now()
	t.next = t.begun.Add(logAfter)
	if t.screen {
		t.next = t.begun.Add(screenEvery)
	}
}

// due reports whether a line of progress may appear now, and if so when the one after it may.
func (t *terminal) due(now time.Time) bool {
	if now.Before(t.next) {
		return false
	}
	t.next = now.Add(logEvery)
	if t.screen {
		t.next = now.Add(screenEvery)
	}
	return true
}

// work begins a stage of which no share is known.
func (t *terminal) work(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin(name)
}

// beat says what is worked on where the stage itself has said nothing for a while. It is called every second.
func (t *terminal) beat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if spent := now.Sub(t.begun); t.current != "" && now.Sub(t.next) >= t.patience() && t.due(now) {
		t.show(fmt.Sprintf("%s: %s so far", t.current, spent.Round(time.Second)))
	}
}

// patience is how long a screen keeps a line of progress before a beat takes its place; a log has no line to keep.
func (t *terminal) patience() time.Duration {
	if t.screen {
		return logAfter
	}
	return 0
}

// beating beats until it is stopped.
func (t *terminal) beating() (stop func()) {
	ticker, done := time.NewTicker(time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				t.beat()
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}

// stage returns a progress function for one piece of long work: the share of it that is done, in [0, 1], and what else
// there is to say. The time left is guessed from the pace since the first call, which an earlier run's work, gone on
// from, does not distort.
func (t *terminal) stage(name string) func(share float64, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin(name)
	var begun time.Time
	var first float64
	return func(share float64, detail string) {
		t.mu.Lock()
		defer t.mu.Unlock()
		now := t.now()
		if begun.IsZero() {
			begun, first = now, share
		}
		if t.current != name { // stages that take turns
			t.current, t.begun = name, begun
		}
		if !t.due(now) {
			return
		}
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
	if t.quiet {
		return
	}
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
