package main

import (
	"cmp"
	"context"
	"errors"
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
	"unlearnguard/onnxio"
	"unlearnguard/onnxio/file"
	"unlearnguard/reconstruct/start"
)

// startFlags name earlier states of the models.
type startFlags struct {
	files, filesBefore, filesAfter []string
	seed, seedBefore, seedAfter    string
	initialiser                    string
	digests                        []string
	commitment, key, requested     string
}

// startHelp explains them.
const startHelp = `Where a model's initial weights or an earlier checkpoint are known, the images that SGD trained it on lie in the span of what
moved its first fully connected layer since, all but exactly, and others do not. A start that a party supplies may have been
made up to hide samples, so it shows at most that samples were trained on. One that is regenerated from a seed (PyTorch's
torch.manual_seed and the initialisers of Linear and Conv2d), or that was committed to before the request and is an
initialisation, supports unlearned as well. Pictures show what of each image lies in the span.`

func (s *startFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.files, "initial", nil, "`MODEL` file with an earlier state of both models; may be repeated")
	f.StringArrayVar(&s.filesBefore, "initial-before", nil, "`MODEL` file with an earlier state of the model before; may be repeated")
	f.StringArrayVar(&s.filesAfter, "initial-after", nil, "`MODEL` file with an earlier state of the model after; may be repeated")
	f.StringVar(&s.seed, "initial-seed", "", "`SEED` from which both models' initial weights are drawn again")
	f.StringVar(&s.seedBefore, "initial-seed-before", "", "`SEED` of the model before")
	f.StringVar(&s.seedAfter, "initial-seed-after", "", "`SEED` of the model after")
	f.StringVar(&s.initialiser, "initializer", "", "how a seed's weights are drawn: "+strings.Join(start.Initialisers, ", ")+" (default "+string(start.Torch)+")")
	f.StringArrayVar(&s.digests, "initial-digest", nil, "`SHA256` of an initial state that was committed to before the request; may be repeated")
	f.StringVar(&s.commitment, "initial-commitment", "", "`FILE` written by attest commit before the request, which covers the initial states")
	f.StringVar(&s.key, "commitment-key", "", "public `KEY` (PEM) of whoever signed it")
	f.StringVar(&s.requested, "requested", "", "`DAY` of the request (2026-01-31): a commitment of that day or later is refused")
}

func (s *startFlags) check() error {
	if s.initialiser != "" {
		if err := chosen("initializer", s.initialiser, start.Initialisers...); err != nil {
			return err
		}
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
	return s.together()
}

// together refuses flags that would have no effect without another.
func (s *startFlags) together() error {
	seeded := s.seed != "" || s.seedBefore != "" || s.seedAfter != ""
	filed := len(s.files)+len(s.filesBefore)+len(s.filesAfter) > 0
	switch {
	case s.initialiser != "" && !seeded:
		return errors.New("--initializer says how a seed's weights are drawn: give --initial-seed as well")
	case (len(s.digests) > 0 || s.commitment != "") && !filed:
		return errors.New("--initial-digest and --initial-commitment speak of files: give them with --initial as well")
	case (s.commitment == "") != (s.key == ""):
		return errors.New("--initial-commitment and --commitment-key go together")
	case s.requested != "" && s.commitment == "":
		return errors.New("--requested is compared with the time of a commitment: give --initial-commitment as well")
	}
	if _, err := time.Parse(time.DateOnly, s.requested); s.requested != "" && err != nil {
		return fmt.Errorf("--requested %q: give a day as 2026-01-31", s.requested)
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
			drawn, err := audit.StartFromSeed(ctx, m.model, at.path(m.path), seed, start.Initialiser(cmp.Or(s.initialiser, string(start.Torch))))
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
	return inputs, s.unmatched(slices.Concat(r.StartsBefore, r.StartsAfter))
}

// unmatched is an error where a digest is that of no start's file: then a file is not the one that was committed to.
func (s *startFlags) unmatched(starts []*audit.Start) error {
	for _, d := range s.digests {
		if !slices.ContainsFunc(starts, func(of *audit.Start) bool {
			return strings.EqualFold(of.SHA256, d) || slices.ContainsFunc(of.External, func(f onnxio.ExternalFile) bool { return strings.EqualFold(f.SHA256, d) })
		}) {
			return fmt.Errorf("--initial-digest %s: no initial state that was given has this digest, so none is the file that was committed to", d)
		}
	}
	return nil
}

// commitments returns what says who committed to a start; empty for nobody. The files beside it that hold weights must be covered
// as well.
func (s *startFlags) commitments(ctx context.Context, at locator) (func(*audit.Start) string, error) {
	var signed attest.Commitment
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
		if day := signed.Time.UTC().Format(time.DateOnly); s.requested != "" && day >= s.requested {
			return nil, fmt.Errorf("--initial-commitment %s: it was signed on %s, and the request was made on %s: only what was committed to before shows anything", s.commitment, day, s.requested)
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
			words := fmt.Sprintf("signed by the key %s, at %s as it states", signed.KeyID, signed.Time.UTC().Format(time.RFC3339))
			if s.requested != "" {
				words += ", before the request of " + s.requested
			}
			return words
		}
		return ""
	}, nil
}
