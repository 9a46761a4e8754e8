package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// The methods of reconstruct.
const (
	spanMethod      = "span"
	publishedMethod = "published"
)

// settingsFolder receives what the settings of a sweep gave, one .npz file each.
const settingsFolder = "settings"

// publishedFlags are those of the published method.
type publishedFlags struct {
	setting             reconstruct.PublishedSetting
	settings, epochs, n int
	prior               float64
	names               []string
	given               func(name string) bool
}

func (p *publishedFlags) add(c *cobra.Command) {
	f := c.Flags()
	p.given = f.Changed
	number := func(to *float64, name, usage string) {
		f.Float64Var(to, name, 0, usage+" (default drawn by the seed)")
		p.names = append(p.names, name)
	}
	number(&p.setting.RateX, "rate-x", "published: `rate` of descent of the candidates")
	number(&p.setting.RateLambda, "rate-lambda", "published: `rate` of descent of their multipliers")
	number(&p.setting.Scale, "scale", "published: standard `deviation` of the candidates' start")
	number(&p.setting.MinLambda, "min-lambda", "published: least `multiplier`, below which they are penalised")
	number(&p.setting.Alpha, "alpha", "published: `steepness` of the sigmoid in place of ReLU's derivative")
	f.IntVar(&p.settings, "settings", 1, "published: `number` of settings to try")
	f.IntVar(&p.epochs, "epochs", 0, "published: `number` of steps of each (default 50000)")
	f.IntVar(&p.n, "samples", 0, "published: assumed `number` of training samples (default the rank of the first layer)")
	f.Float64Var(&p.prior, "prior", 0, "published: `radius` of phase 2 over the candidates' typical pixel, such as 0.1 (default no phase 2)")
	p.names = append(p.names, "settings", "epochs", "samples", "prior")
}

// check refuses flags of the method that was not chosen, and numbers that are none.
func (p *publishedFlags) check(method string) error {
	foreign, owner := p.names, publishedMethod
	if method == publishedMethod {
		foreign, owner = []string{"restarts", "blas", "precision"}, spanMethod
	}
	for _, name := range foreign {
		if p.given(name) {
			return fmt.Errorf("--%s is a flag of --method %s", name, owner)
		}
	}
	for _, v := range []struct {
		name  string
		value int
		least int
		most  int
	}{{"settings", p.settings, 1, 1 << 16}, {"epochs", p.epochs, 0, 1 << 30}, {"samples", p.n, 0, 1 << 16}} {
		if err := within(v.name, v.value, v.least, v.most); err != nil {
			return err
		}
	}
	return nil
}

// sweep is what the settings of the published method gave.
type sweep struct {
	// Chosen is the index of the setting that the samples are of: of the least residual.
	Chosen   int              `json:"chosen"`
	Settings []settingOutcome `json:"settings"`
	results  []*reconstruct.Result
}

// settingOutcome is one setting of a sweep.
type settingOutcome struct {
	reconstruct.PublishedSetting
	Epochs   int     `json:"epochs"`
	Residual float64 `json:"residual"`
	// FirstLayer is the residual that decides upon Converged.
	FirstLayer float64 `json:"first_layer_residual"`
	Converged  bool    `json:"converged"`
	Reason     string  `json:"reason,omitempty"`
}

// recoverPublished runs the settings and chooses one.
func (a *app) recoverPublished(ctx context.Context, in subject, o reconstructOptions, checkpoint string) (*sweep, error) {
	p := o.published
	runs, err := audit.SweepPublished(ctx, in.model, in.shape[0], in.shape[1], in.shape[2], in.norm, p.settings, reconstruct.PublishedOptions{
		Setting: p.setting, Seed: o.run.seed, Samples: p.n, Epochs: p.epochs, Threads: o.run.threads,
		Prior: reconstruct.PublishedPrior{Radius: p.prior}, Checkpoint: checkpoint, Resume: o.run.resume, Progress: a.sweeping(p.settings)})
	if err != nil {
		return nil, err
	}
	s := &sweep{}
	for i, r := range runs {
		s.results = append(s.results, r.Result)
		s.Settings = append(s.Settings, settingOutcome{PublishedSetting: r.Setting, Epochs: r.Epochs, Residual: r.Residual,
			FirstLayer: r.Result.Restarts[0].Residual, Converged: r.Result.Converged, Reason: r.Result.Reason})
		best := s.Settings[s.Chosen]
		anything := len(s.results[s.Chosen].Samples) > 0
		if len(r.Result.Samples) > 0 && (!anything || r.Residual < best.Residual) {
			s.Chosen = i
		}
	}
	return s, nil
}

// sweeping returns a progress function for so many settings.
func (a *app) sweeping(settings int) func(reconstruct.Progress) {
	stage := a.term.stage("reconstructing")
	return func(p reconstruct.Progress) {
		detail := fmt.Sprintf("loss %.3g, residual %.3f", p.Loss, p.Residual)
		if settings > 1 {
			detail = fmt.Sprintf("setting %d: %s", p.Restart, detail)
		}
		stage(float64(p.Done)/float64(p.Total), detail)
	}
}

// write keeps what each of several settings gave, in files by their numbers.
func (s *sweep) write(dir string) error {
	if s == nil || len(s.results) < 2 {
		return nil
	}
	dir = filepath.Join(dir, settingsFolder)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for i, r := range s.results {
		if err := createNPZ(filepath.Join(dir, fmt.Sprintf("%d.npz", i)), r); err != nil {
			return err
		}
	}
	return nil
}
