package machine

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// limits are those that are known; 0 stands for one that is not.
func limits() []int64 {
	return []int64{ofMachine(), ofFile("/sys/fs/cgroup/memory.max"), ofFile("/sys/fs/cgroup/memory/memory.limit_in_bytes"), ofAddresses(), debug.SetMemoryLimit(-1)}
}

// ofMachine is all that the machine has, with its swap space.
func ofMachine() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	total := int64(0)
	for line := range strings.Lines(string(text)) {
		var name string
		var kilobytes int64
		if n, _ := fmt.Sscan(line, &name, &kilobytes); n == 2 && (name == "MemTotal:" || name == "SwapTotal:") {
			total += kilobytes << 10
		}
	}
	return total
}

// ofFile is a number of bytes in a file of its own; "max" stands for no limit.
func ofFile(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// reserved are the addresses that Go takes beside those of memory.
const reserved = 800 << 20

// ofAddresses is what the limit of addresses leaves for memory.
func ofAddresses() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || limit.Cur > math.MaxInt64 {
		return 0
	}
	return max(int64(limit.Cur)-reserved, 1)
}
