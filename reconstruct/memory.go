package reconstruct

import (
	"runtime"

	"unlearnguard/graph/chain"
)

// Memory is about the most memory, in bytes, that [Run] takes for a network whose first layer has so many directions above its noise. It
// follows what is allocated; the factors were fitted to what .ci/load measures, which it exceeds by up to a half.
func Memory(net *chain.Dense, rank int, o Options) int64 {
	h, d := net.Layers[0].W.Dims()
	particles, widths := 2*(rank+1), rank
	for _, l := range net.Layers {
		rows, _ := l.W.Dims()
		widths += rows
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	decomposition := 8 * (4*int64(h)*int64(d) + 3*int64(min(h, d))*int64(min(h, d)) + int64(d)*int64(min(h, d)))
	descent := int64(threads) * int64(particles) * int64(24*widths+24*rank+16*d)
	restarts := int64(max(o.Restarts, 1))
	return decomposition + descent + restarts*int64(particles)*8*int64(d)
}
