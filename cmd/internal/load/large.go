//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// large is a case of what is called so.
type large struct {
	key, name           string
	shape, hidden       []int
	queried, references int
	most                float64 // megabytes
}

func (b *bench) large(ctx context.Context) error {
	fmt.Print("\n**large**\n\n| case | images | CPU seconds | seconds | MB | states |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range []large{
		{"images", "784-300-10", []int{1, 28, 28}, []int{300}, 4000, 10000, 4096},
		{"layers", "100 layers of 64", []int{1, 28, 28}, slices.Repeat([]int{64}, 100), 40, 100, 4096},
		{"weights", "a network of 200 MB, 784-7000-6000-10", []int{1, 28, 28}, []int{7000, 6000}, 40, 100, 4096},
		{"d", "d = 150,528, 3x224x224-100-10", []int{3, 224, 224}, []int{100}, 40, 100, 4096},
	} {
		if len(b.only) > 0 && !slices.Contains(b.only, l.key) {
			continue
		}
		if err := b.pair(l.shape, l.hidden); err != nil {
			return err
		}
		c, err := b.audit(ctx, l.shape, l.queried, l.references)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		stated := statedBy(c)
		fmt.Printf("| %s | %d + %d | %.0f | %.0f | %.0f | %s |\n", l.name, l.queried, l.references, c.seconds(), c.clock.Seconds(), c.megabytes(), stated)
		if l.queried+l.references > 10000 {
			if err := b.refused(ctx); err != nil {
				return err
			}
		}
		if c.megabytes() > l.most || c.megabytes() > 1.2*stated.megabytes() {
			return fmt.Errorf("%s: it takes %.0f MB, states %s, and may take %.0f", l.name, c.megabytes(), stated, l.most)
		}
	}
	return nil
}

// statement is a number of gigabytes as a run states it, empty where it is less than one.
type statement string

func statedBy(c cost) statement {
	said := regexp.MustCompile(`this takes about ([\d.]+) GB of memory`).FindStringSubmatch(c.said)
	if said == nil {
		return ""
	}
	return statement(said[1])
}

func (s statement) megabytes() float64 {
	gigabytes, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		gigabytes = 1
	}
	return gigabytes * 1e9 / (1 << 20)
}

func (s statement) String() string {
	if s == "" {
		return "-"
	}
	return string(s) + " GB"
}

// refused requires that the first case is refused, with the numbers and soon, where it cannot fit.
func (b *bench) refused(ctx context.Context) error {
	limited := *b
	limited.env = []string{"GOMEMLIMIT=1GiB"}
	c, err := limited.do(ctx, request...)
	if err == nil && (c.code != 1 || statedBy(c) == "" || !strings.Contains(c.said, "and there are 1.1 GB")) {
		err = fmt.Errorf("exit code %d: %s, where it cannot fit", c.code, c.said)
	}
	if err == nil {
		fmt.Printf("| the same with 1.1 GB: %q | | | %.1f | %.0f | |\n", strings.Split(c.said, "\n")[0], c.clock.Seconds(), c.megabytes())
	}
	return err
}
