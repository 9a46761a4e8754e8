package main

import (
	"context"
	"fmt"

	"unlearnguard/cmd/unlearnguard/internal/machine"
	"unlearnguard/metrics/audit"
)

// worthSaying is how much memory is stated before the work begins.
const worthSaying = 1 << 30

// fits returns about how much memory an audit takes, and refuses one that cannot fit: a process that is killed for its memory leaves
// no report and no reason.
func fits(ctx context.Context, r *audit.Request) (need int64, err error) {
	if need, err = r.Memory(ctx); err != nil {
		return 0, err
	}
	return need, enough(need)
}

// enough refuses work that takes more memory than there is.
func enough(need int64) error {
	have := machine.Memory()
	if need <= have {
		return nil
	}
	return &hinted{fmt.Errorf("this takes about %s of memory, and there are %s", bytesOf(need), bytesOf(have)),
		"use a machine with more memory; with fewer images an audit takes less"}
}

// stateMemory says how much memory an audit takes, if that is much.
func (a *app) stateMemory(ctx context.Context, r *audit.Request) error {
	need, err := fits(ctx, r)
	if err == nil && need >= worthSaying {
		a.term.say("this takes about %s of memory", bytesOf(need))
	}
	return err
}

// bytesOf words a number of bytes.
func bytesOf(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", (n+1e6-1)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
