package main

import (
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
	want := `working: 62 %, residual 0.5, 15s left
working: 75 %, residual 0.5, 10s left
working: 88 %, residual 0.5, 5s left
working: 100 %, residual 0.5
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
		clock.Time = clock.Add(time.Second)
	}
	if out.String() != "" {
		t.Errorf("work of four seconds left %q in the log", out.String())
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
