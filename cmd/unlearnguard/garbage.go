package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// garbageShare is the percentage of what is in use that may be garbage besides. A pair of ResNet-18 takes 3.2 GB at the usual 100,
	// and 1.8 at this, and no longer: buffers are used again, so that little is ever collected.
	garbageShare = 12
	// leastGarbage is how many bytes may be garbage in any case: at a share alone, small audits spend half of their time on collecting.
	leastGarbage = 64 << 20
)

// limitGarbage sets the collector's percentage after each collection, for as long as the process runs.
func limitGarbage() {
	collected := new(*byte) // it holds a pointer, so that it shares its memory with nothing that lives longer
	runtime.AddCleanup(collected, func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(garbagePercent(live[0].Value.Uint64()))
		limitGarbage()
	}, struct{}{})
}

// garbagePercent is the collector's percentage with so many bytes in use.
func garbagePercent(live uint64) int {
	return int(max(garbageShare, 100*leastGarbage/max(live, 1<<20)))
}
