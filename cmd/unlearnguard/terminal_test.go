package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// clock is a terminal's time that the test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func terminalAt(w *strings.Builder, screen bool) (*terminal, *clock) {
	c := &clock{time.Unix(1000, 0)}
	return &terminal{w: w, screen: screen, now: c.now}, c
}

func TestProgressInALog(t *testing.T) {
	var out strings.Builder
	term, clock := terminalAt(&out, false)
	step := term.stage("working")
	for i := range 21 {
		step(0.5+float64(i)/40, "residual 0.5") // the first half was done by an earlier run
		clock.Time = clock.Add(time.Second)
	}
	want := `working: 55 %, residual 0.5, 18s left
working: 80 %, residual 0.5, 8s left
`
	if out.String() != want {
		t.Errorf("the log says\n%swant\n%s", out.String(), want)
	}
}

func TestShortWorkIsSilentInALog(t *testing.T) {
	var out strings.Builder
	term, clock := terminalAt(&out, false)
	step := term.stage("working")
	for i := range 5 {
		step(float64(i)/4, "")
		clock.Time = clock.Add(400 * time.Millisecond)
		term.beat()
	}
	if out.String() != "working: 2s so far\n" {
		t.Errorf("work of two seconds left %q in the log", out.String())
	}
	out.Reset()
	step = term.stage("more")
	for i := range 5 {
		step(float64(i)/4, "")
		clock.Time = clock.Add(399 * time.Millisecond)
		term.beat()
	}
	if out.String() != "" {
		t.Errorf("work of less than two seconds left %q in the log", out.String())
	}
}

// A stage that reports nothing is heard of after two seconds and every ten from then on, until something else is said.
func TestBeatInALog(t *testing.T) {
	var out strings.Builder
	term, clock := terminalAt(&out, false)
	term.work("comparing")
	second := func() {
		clock.Time = clock.Add(time.Second)
		term.beat()
	}
	for range 15 {
		second()
	}
	term.say("done")
	for range 15 {
		second()
	}
	if want := "comparing: 2s so far\ncomparing: 12s so far\ndone\n"; out.String() != want {
		t.Errorf("the log says\n%swant\n%s", out.String(), want)
	}
}

func TestQuiet(t *testing.T) {
	var out strings.Builder
	term, clock := terminalAt(&out, false)
	term.quiet = true
	step := term.stage("working")
	clock.Time = clock.Add(time.Minute)
	step(0.5, "")
	term.beat()
	term.say("done")
	term.complain("an error")
	if out.String() != "an error\n" {
		t.Errorf("a quiet terminal says %q", out.String())
	}
}

func TestProgressOnAScreenIsRewritten(t *testing.T) {
	var out strings.Builder
	term, clock := terminalAt(&out, true)
	step := term.stage("working")
	for i := range 2 {
		clock.Time = clock.Add(time.Second)
		step(float64(i)/10, "")
	}
	term.say("done")
	want := "working:  0 %" + "\r             \r" + "working: 10 %" + "\r             \r" + "done\n"
	if out.String() != want {
		t.Errorf("the screen got %q, want %q", out.String(), want)
	}
}

// fullWriter has no room.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestHelpThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"--version"}, {"help", "data"}, {"verify", "--help"}} {
		var said bytes.Buffer
		if code := run(t.Context(), args, fullWriter{}, &said); code != exitError || said.String() != "unlearnguard: no room\n" {
			t.Errorf("%v: exit code %d, %q", args, code, said.String())
		}
	}
}
