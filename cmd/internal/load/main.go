//go:build linux

// Load measures the time and the memory that the command takes as models and requests grow: each of what they depend on is doubled three
// times, and a few sizes that are called large are done once. It prints the tables of "unlearnguard help measured", and ends with 1
// where a bound does not hold. It is started by .ci/load.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: load PROGRAM [verify|reconstruct|large [images|n|d|h|layers|weights]...]")
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(1)
	}
	if err := run(ctx, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, parts []string) error {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{program: program, dir: dir}
	if len(parts) > 1 {
		b.only = parts[1:]
	}
	wanted := func(part string) bool { return len(parts) == 0 || parts[0] == part }
	if wanted("verify") {
		if err := b.table(ctx, "verify, PyTorch's start", verifyBase, verifySeries, b.verify); err != nil {
			return err
		}
	}
	if wanted("reconstruct") {
		if err := b.table(ctx, "reconstruct, one start", reconstructBase, reconstructSeries, b.reconstruct); err != nil {
			return err
		}
	}
	if wanted("large") {
		return b.large(ctx)
	}
	return nil
}

// size is what a measurement is made of.
type size struct {
	height, width int // of the images; d is their product
	hidden        int
	queried       int // half to forget, half to stay
	references    int
	samples       int // that the network was trained on
}

func (s size) inputs() int { return s.height * s.width }

// series doubles one of the sizes.
type series struct {
	name   string
	double func(*size)
	of     func(size) int
	// most is the order that the time may have.
	most float64
}

// wider doubles the pixels of images.
func wider(s *size) {
	if s.height == s.width {
		s.width *= 2
	} else {
		s.height *= 2
	}
}

var (
	verifyBase   = size{height: 28, width: 28, hidden: 300, queried: 200, references: 800}
	verifySeries = []series{
		{"images", func(s *size) { s.queried, s.references = 2*s.queried, 2*s.references }, func(s size) int { return s.queried + s.references }, 1.2},
		{"d", wider, size.inputs, 2.2},
		{"h", func(s *size) { s.hidden *= 2 }, func(s size) int { return s.hidden }, 2.2},
	}
	reconstructBase   = size{height: 28, width: 28, hidden: 300, samples: 20}
	reconstructSeries = []series{
		{"n", func(s *size) { s.samples *= 2 }, func(s size) int { return s.samples }, 2.2},
		{"d", wider, size.inputs, 2.2},
		{"h", func(s *size) { s.hidden *= 2 }, func(s size) int { return s.hidden }, 2.2},
	}
)

// doublings is how often each size is doubled.
const doublings = 3

// table prints a row for each series: the time of processors and the memory at each size, and their orders. An order is the slope of the
// last two doublings, which what is always there distorts least.
func (b *bench) table(ctx context.Context, title string, base size, all []series, do func(context.Context, size) (cost, error)) error {
	fmt.Printf("\n**%s**\n\n| doubled | CPU seconds | order | MB | order |\n| --- | --- | --- | --- | --- |\n", title)
	var first cost
	for _, s := range all {
		if len(b.only) > 0 && !slices.Contains(b.only, s.name) {
			continue
		}
		at, costs, sizes := base, []cost{}, []int{}
		for i := range doublings + 1 {
			if i > 0 {
				s.double(&at)
			}
			c := first
			if i > 0 || c.clock == 0 { // all series begin alike
				var err error
				if c, err = do(ctx, at); err != nil {
					return fmt.Errorf("%s, %s = %d: %w", title, s.name, s.of(at), err)
				}
			}
			if i == 0 {
				first = c
			}
			costs, sizes = append(costs, c), append(sizes, s.of(at))
		}
		seconds, memory := order(costs, cost.seconds), order(costs, cost.megabytes)
		fmt.Printf("| %s: %s | %s | %.1f | %s | %.1f |\n", s.name, joined(sizes, func(n int) string { return fmt.Sprint(n) }),
			joined(costs, func(c cost) string { return fmt.Sprintf("%.1f", c.seconds()) }), seconds,
			joined(costs, func(c cost) string { return fmt.Sprintf("%.0f", c.megabytes()) }), memory)
		if seconds > s.most {
			return fmt.Errorf("%s: the time grows with %s to the power %.1f, and may with %.1f", title, s.name, seconds, s.most)
		}
	}
	return nil
}

// order is the exponent of a cost by the size, over the last two doublings.
func order(costs []cost, of func(cost) float64) float64 {
	n := len(costs)
	return math.Log2(of(costs[n-1])/of(costs[n-3])) / 2
}

func joined[T any](all []T, text func(T) string) string {
	out := ""
	for i, v := range all {
		if i > 0 {
			out += ", "
		}
		out += text(v)
	}
	return out
}
