package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/graph"
	"unlearnguard/metrics/attest"
	"unlearnguard/metrics/audit"
	"unlearnguard/metrics/report"
	"unlearnguard/onnxio/file"
	"unlearnguard/reconstruct/start"
)

// startFlags name earlier states of the models.
type startFlags struct {
	files, filesBefore, filesAfter []string
	seed, seedBefore, seedAfter    string
	initialiser                    string
	digests                        []string
	commitment, key                string
}

// startHelp explains them.
const startHelp = `Where a model's initial weights or an earlier checkpoint are known, the images that SGD trained it on lie in the span of what
moved its first fully connected layer since, all but exactly, and others do not. A start that a party supplies may have been
made up to hide samples, so it shows at most that samples were trained on. One that is regenerated from a seed (PyTorch's
torch.manual_seed and the initialisers of Linear and Conv2d), or that was committed to before the request and is an
initialisation, supports unlearned as well.`

func (s *startFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.files, "initial", nil, "`MODEL` file with an earlier state of both models; may be repeated")
	f.StringArrayVar(&s.filesBefore, "initial-before", nil, "`MODEL` file with an earlier state of the model before; may be repeated")
	f.StringArrayVar(&s.filesAfter, "initial-after", nil, "`MODEL` file with an earlier state of the model after; may be repeated")
	f.StringVar(&s.seed, "initial-seed", "", "`SEED` from which both models' initial weights are drawn again")
	f.StringVar(&s.seedBefore, "initial-seed-before", "", "`SEED` of the model before")
	f.StringVar(&s.seedAfter, "initial-seed-after", "", "`SEED` of the model after")
	f.StringVar(&s.initialiser, "initializer", string(start.Torch), "how a seed's weights are drawn: "+strings.Join(start.Initialisers, ", "))
	f.StringArrayVar(&s.digests, "initial-digest", nil, "`SHA256` of an initial state that was committed to before the request; may be repeated")
	f.StringVar(&s.commitment, "initial-commitment", "", "`FILE` written by attest commit before the request, which covers the initial states")
	f.StringVar(&s.key, "commitment-key", "", "public `KEY` (PEM) of whoever signed it")
}

func (s *startFlags) check() error {
	if err := chosen("initializer", s.initialiser, start.Initialisers...); err != nil {
		return err
	}
	for _, d := range s.digests {
		if len(d) != 64 || strings.Trim(strings.ToLower(d), "0123456789abcdef") != "" {
			return fmt.Errorf("--initial-digest %q: give 64 hexadecimal digits", d)
		}
	}
	for _, x := range []struct{ flag, seed string }{{"initial-seed", s.seed}, {"initial-seed-before", s.seedBefore}, {"initial-seed-after", s.seedAfter}} {
		if _, err := seedOf(x.seed); x.seed != "" && err != nil {
			return fmt.Errorf("--%s %q: give a number as for torch.manual_seed", x.flag, x.seed)
		}
	}
	return nil
}

// seedOf reads a seed as torch.manual_seed takes it: a negative number counts from 2^64.
func seedOf(text string) (uint64, error) {
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uint64(n), nil
	}
	return strconv.ParseUint(text, 0, 64)
}

// read adds the starts to a request, and lists their files.
func (s *startFlags) read(ctx context.Context, at locator, r *audit.Request, opts graph.Options) ([]report.Input, error) {
	committed, err := s.commitments(ctx, at)
	if err != nil {
		return nil, err
	}
	var inputs []report.Input
	for _, m := range []struct {
		model *audit.Model
		path  string
		which string
		files []string
		seed  string
		into  *[]*audit.Start
	}{
		{r.Before, r.Before.Path, "before", slices.Concat(s.files, s.filesBefore), cmp.Or(s.seedBefore, s.seed), &r.StartsBefore},
		{r.After, r.After.Path, "after", slices.Concat(s.files, s.filesAfter), cmp.Or(s.seedAfter, s.seed), &r.StartsAfter},
	} {
		if m.seed != "" {
			seed, err := seedOf(m.seed)
			if err != nil {
				return nil, err
			}
			drawn, err := audit.StartFromSeed(ctx, m.model, at.path(m.path), seed, start.Initialiser(s.initialiser))
			if err != nil {
				return nil, err
			}
			*m.into = append(*m.into, drawn)
		}
		for _, path := range m.files {
			read, err := audit.StartFromFile(ctx, m.model, at.path(path), path, opts)
			if err != nil {
				return nil, err
			}
			read.Committed = committed(read)
			*m.into = append(*m.into, read)
			inputs = append(inputs, report.Input{Use: "start of the model " + m.which, Path: path, SHA256: read.SHA256})
		}
	}
	return inputs, nil
}

// commitments returns what says who committed to a start; empty for nobody. The files beside it that hold weights must be covered
// as well.
func (s *startFlags) commitments(ctx context.Context, at locator) (func(*audit.Start) string, error) {
	var signed attest.Commitment
	if (s.commitment == "") != (s.key == "") {
		return nil, fmt.Errorf("--initial-commitment and --commitment-key go together")
	}
	if s.commitment != "" {
		envelope, err := file.Read(at.path(s.commitment), attest.MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("--initial-commitment: %w", err)
		}
		key, err := file.Read(at.path(s.key), attest.MaxKeyBytes)
		if err != nil {
			return nil, fmt.Errorf("--commitment-key: %w", err)
		}
		if signed, err = attest.ReadCommitment(ctx, envelope, key); err != nil {
			return nil, fmt.Errorf("--initial-commitment %s: %w", s.commitment, err)
		}
	}
	all := func(of *audit.Start, covered func(sha256 string) bool) bool {
		for _, f := range of.External {
			if !covered(f.SHA256) {
				return false
			}
		}
		return covered(of.SHA256)
	}
	return func(of *audit.Start) string {
		switch {
		case all(of, func(sum string) bool {
			return slices.ContainsFunc(s.digests, func(d string) bool { return strings.EqualFold(d, sum) })
		}):
			return "its digest was given by whoever ran this audit"
		case all(of, signed.Covers):
			return fmt.Sprintf("signed by the key %s, at %s as it states", signed.KeyID, signed.Time.UTC().Format(time.RFC3339))
		}
		return ""
	}, nil
}
