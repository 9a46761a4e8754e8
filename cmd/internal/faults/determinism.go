//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"unlearnguard/graph/engine"
)

// rounding bounds how far two kernels' SSIM may be from each other. A descent of hundreds of steps carries rounding on: in single
// precision, scores of images that are hardly found differ by a hundredth, in double precision by 1e-5.
var rounding = map[string]float64{"float64": 1e-3, "float32": 0.05}

// determinism has the same done in other ways, which must make no difference.
func (b *bench) determinism() []check {
	out := []check{{"1, 2 and 4 threads", b.threads}, {"kernels: " + strings.Join(engine.Kernels(), ", "), b.kernels}}
	if !b.plan.quick {
		out = append(out, check{"arm64, emulated", b.arm64})
	}
	return out
}

func (b *bench) threads(ctx context.Context) (string, error) {
	n, counts, processors := 0, []string{"1", "2", "4"}, []string{"1", "4"}
	if b.plan.quick {
		processors = nil
	}
	for _, w := range b.works {
		if w.name == "audit" { // its threads are in the manifest; the environment says them here
			continue
		}
		for _, threads := range counts {
			dir, err := b.start(w)
			if err != nil {
				return "", err
			}
			args := append(w.args[:len(w.args):len(w.args)], "--threads", threads)
			if _, err := b.must(ctx, call{dir: dir, args: args}); err != nil {
				return "", err
			}
			if err := w.finished(dir); err != nil {
				return "", fmt.Errorf("%s with %s threads: %w", w.name, threads, err)
			}
			n++
		}
	}
	for _, p := range processors {
		if _, err := b.all(ctx, call{env: append(os.Environ(), "GOMAXPROCS="+p)}); err != nil {
			return "", fmt.Errorf("%s processors: %w", p, err)
		}
		n += len(b.works)
	}
	return fmt.Sprintf("%d runs, all to the same bytes", n), nil
}

// decided is what a report says, in numbers that rounding may change and words that it may not.
type decided struct {
	Summary struct{ Verdict string }
	Samples []struct {
		Source, Verdict string
		Before, After   struct{ SSIM *float64 }
	}
}

// kernels has the same audit done by all kernels of this processor: GODEBUG hides from package golang.org/x/sys/cpu what it can do.
func (b *bench) kernels(ctx context.Context) (string, error) {
	hide := map[string]string{"avx512": "", "avx2": "cpu.avx512f=off", "gonum": "cpu.avx512f=off,cpu.avx2=off"}
	if _, ok := hide[engine.Kernels()[0]]; !ok || len(engine.Kernels()) < 2 {
		return "", skipped("this processor's kernels cannot be hidden")
	}
	said := "equal verdicts, SSIM at most"
	for _, precision := range []string{"float32", "float64"} {
		var first decided
		furthest := 0.0
		for i, kernel := range engine.Kernels() {
			got, err := b.verdicts(ctx, b.program, "idx:../others#0-39", precision, "GODEBUG="+hide[kernel])
			if err != nil {
				return "", err
			}
			if i == 0 {
				first = got
			}
			far, err := first.apart(got, rounding[precision])
			if err != nil {
				return "", fmt.Errorf("%s, %s: %w", kernel, precision, err)
			}
			furthest = max(furthest, far)
		}
		said += fmt.Sprintf(" %.1g apart in %s,", furthest, precision)
	}
	return strings.TrimSuffix(said, ","), nil
}

// verdicts runs an audit of the pair of networks beside some reference images; with 20 and more the layers are asked as well.
func (b *bench) verdicts(ctx context.Context, program, references, precision string, env ...string) (decided, error) {
	var d decided
	dir, err := b.folder("verdicts")
	if err != nil {
		return d, err
	}
	args := []string{"verify", "--before", "../before.onnx", "--mean-before", "../before.mean.npy", "--after", "../after.onnx", "--mean-after",
		"../after.mean.npy", "--reference", references, "-o", "report", "--restarts", "2", "--precision", precision}
	for flag, specs := range map[string][]string{"--forget": b.forget, "--retain": b.kept} {
		for _, spec := range specs {
			args = append(args, flag, strings.Replace(spec, "idx:", "idx:../", 1))
		}
	}
	p := *b
	p.program = program
	if _, err := p.must(ctx, call{dir: dir, args: args, env: append(os.Environ(), env...)}); err != nil {
		return d, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(text, &d)
}

// apart is the furthest that two SSIM are apart, if the verdicts are the same.
func (d decided) apart(other decided, most float64) (furthest float64, err error) {
	if d.Summary != other.Summary || len(d.Samples) != len(other.Samples) {
		return 0, fmt.Errorf("the verdict is %s and not %s", other.Summary.Verdict, d.Summary.Verdict)
	}
	for i, s := range d.Samples {
		t := other.Samples[i]
		if s.Verdict != t.Verdict {
			return 0, fmt.Errorf("%s is %s and not %s", s.Source, t.Verdict, s.Verdict)
		}
		for _, pair := range [][2]*float64{{s.Before.SSIM, t.Before.SSIM}, {s.After.SSIM, t.After.SSIM}} {
			if pair[0] == nil || pair[1] == nil {
				return 0, fmt.Errorf("%s has no SSIM", s.Source)
			}
			furthest = max(furthest, math.Abs(*pair[0]-*pair[1]))
		}
	}
	if furthest > most {
		err = fmt.Errorf("two SSIM are %.2g apart", furthest)
	}
	return furthest, err
}

// arm64 builds the program for arm64 and has it do the audit of kernels, emulated.
func (b *bench) arm64(ctx context.Context) (string, error) {
	emulator, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		return "", skipped("there is no qemu-aarch64-static (package qemu-user-static)")
	}
	other := b.path("unlearnguard-arm64")
	build := exec.CommandContext(ctx, "go", "build", "-o", other, "./cmd/unlearnguard")
	build.Env = append(slices.Clone(os.Environ()), "GOARCH=arm64", "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %s (%w)", said, err)
	}
	emulated := b.path("emulated")
	if err := os.WriteFile(emulated, []byte("#!/bin/sh\nexec "+emulator+" "+other+" \"$@\"\n"), 0o755); err != nil {
		return "", err
	}
	const few = "idx:../others#0-9" // emulated, the layers' answers would take ten minutes
	here, err := b.verdicts(ctx, b.program, few, "float64")
	if err != nil {
		return "", err
	}
	there, err := b.verdicts(ctx, emulated, few, "float64")
	if err != nil {
		return "", err
	}
	far, err := here.apart(there, rounding["float64"])
	return fmt.Sprintf("verify: equal verdicts, SSIM at most %.1g apart in float64", far), err
}
