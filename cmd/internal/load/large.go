//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
)

// case of what is called large.
type large struct {
	name                string
	shape, hidden       []int
	queried, references int
	most                float64 // megabytes
}

func (b *bench) large(ctx context.Context) error {
	fmt.Print("\n**large**\n\n| case | images | CPU seconds | seconds | MB |\n| --- | --- | --- | --- | --- |\n")
	for _, l := range []large{
		{"100 layers of 64", []int{1, 28, 28}, slices.Repeat([]int{64}, 100), 40, 100, 4096},
		{"a network of 200 MB, 784-7000-6000-10", []int{1, 28, 28}, []int{7000, 6000}, 40, 100, 4096},
		{"d = 150,528, 3x224x224-100-10", []int{3, 224, 224}, []int{100}, 40, 100, 4096},
		{"784-300-10", []int{1, 28, 28}, []int{300}, 4000, 10000, 4096},
	} {
		if err := b.pair(l.shape, l.hidden); err != nil {
			return err
		}
		c, err := b.audit(ctx, l.shape, l.queried, l.references)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		fmt.Printf("| %s | %d + %d | %.0f | %.0f | %.0f |\n", l.name, l.queried, l.references, c.seconds(), c.clock.Seconds(), c.megabytes())
		if c.megabytes() > l.most {
			return fmt.Errorf("%s: it takes %.0f MB, and may take %.0f", l.name, c.megabytes(), l.most)
		}
	}
	return nil
}
