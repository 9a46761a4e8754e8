package batch

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of N parts of a manifest, numbered from 0. The zero value is all of it. The shards of one N are disjoint and
// together complete, and what one holds depends on the manifest alone.
type Shard struct{ I, N int }

// ParseShard reads i/N.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{}, nil
	}
	first, second, _ := strings.Cut(text, "/")
	i, errI := strconv.Atoi(first)
	n, errN := strconv.Atoi(second)
	if errI != nil || errN != nil || n < 1 || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("%q: give i/N, such as 0/8 to 7/8: shards are numbered from 0", text)
	}
	return Shard{i, n}, nil
}

// Has reports whether the audit at a position of the manifest belongs to the shard.
func (s Shard) Has(position int) bool { return s.N == 0 || position%s.N == s.I }

// String is a word for the shard that can be part of a file's name.
func (s Shard) String() string { return fmt.Sprintf("%d-of-%d", s.I, max(s.N, 1)) }
