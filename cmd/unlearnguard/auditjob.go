package main

// From an entry of a manifest to a job, and from a job to what verify writes.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
	"unlearnguard/onnxio/file"
	"unlearnguard/reconstruct"
)

// manifestKeys describes the flags that a manifest may hold; files are where at says.
func manifestKeys(ctx context.Context, at locator) map[string]batch.Key {
	keys := map[string]batch.Key{}
	sizes := dataSizes{}
	c, _ := newVerify()
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if isIncidental(f.Name) && !incidental[f.Name].inManifest {
			return
		}
		_, repeatable := f.Value.(pflag.SliceValue)
		_, required := f.Annotations[cobra.BashCompOneRequiredFlag]
		keys[f.Name] = batch.Key{Repeatable: repeatable, Required: required, Check: func(values []string) error {
			return checkKey(ctx, at, sizes, f.Name, values)
		}}
	})
	return keys
}

// checkKey checks a flag by itself, and that the files are there that it names.
func checkKey(ctx context.Context, at locator, sizes dataSizes, name string, values []string) error {
	o, _, err := verifyWith(map[string][]string{name: values})
	if err != nil {
		return err
	}
	o.files = at
	if err := o.check(ctx); err != nil {
		return err
	}
	if _, err := o.file.options(); err != nil {
		return err
	}
	for _, named := range o.named() {
		if _, err := named.list(at); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		if named.images {
			if err := sizes.check(ctx, at, named.name); err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
		}
	}
	return nil
}

// dataSizes remembers how many images files and data sets hold.
type dataSizes map[string]int

// errHeader ends the reading of images after their headers.
var errHeader = errors.New("that is enough")

// check refuses indices of images that are not there. What else is wrong with the files is for the audit to say, which others need
// not wait for.
func (d dataSizes) check(ctx context.Context, at locator, text string) error {
	spec, err := images.Parse(text)
	if err != nil || len(spec.Indices) == 0 {
		return err
	}
	indices := spec.Indices
	spec.Indices = nil
	spec.Path = at.path(spec.Path)
	id := fmt.Sprint(spec.Kind, spec.Path, spec.Part)
	n, known := d[id]
	if !known {
		_, err := images.Load(ctx, spec, images.Options{Accept: func(s *images.Set) error {
			n = s.Len()
			return errHeader
		}})
		if !errors.Is(err, errHeader) {
			n = math.MaxInt
		}
		d[id] = n
	}
	for _, r := range indices {
		if r.Last >= n {
			return fmt.Errorf("%s: index %d is beyond the set's %d images (0..%d)", text, r.Last, n, n-1)
		}
	}
	return ctx.Err()
}

// verifyWith returns the options of verify for flags.
func verifyWith(flags map[string][]string) (*verifyOptions, *cobra.Command, error) {
	c, o := newVerify()
	(&cobra.Command{Use: tool().Name}).AddCommand(c) // for the name of the whole command in reports
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		for _, v := range flags[name] {
			if err := c.Flags().Set(name, v); err != nil {
				return nil, nil, fmt.Errorf("--%s %q: %w", name, v, err)
			}
		}
	}
	return o, c, nil
}

// namedInput is a file, or images, that a flag names.
type namedInput struct {
	name   string // of the file, or the specification
	images bool
	model  bool
}

// named lists all inputs of an audit.
func (o *verifyOptions) named() []namedInput {
	var out []namedInput
	for _, model := range slices.Concat([]string{o.before, o.after}, o.start.files, o.start.filesBefore, o.start.filesAfter) {
		if model != "" {
			out = append(out, namedInput{name: model, model: true})
		}
	}
	for _, name := range []string{o.start.commitment, o.start.key} {
		if name != "" {
			out = append(out, namedInput{name: name})
		}
	}
	for _, spec := range slices.Concat(o.forget, o.retain, o.reference) {
		out = append(out, namedInput{name: spec, images: true})
	}
	for _, n := range []normFlags{o.norm, o.normBefore, o.normAfter} {
		for _, text := range []string{n.mean.text, n.std.text} {
			if isArray(text) {
				out = append(out, namedInput{name: text})
			}
		}
	}
	return out
}

// list returns the files of an input, by name and by place.
func (n namedInput) list(at locator) (map[string]string, error) {
	if !n.images {
		_, err := os.Stat(at.path(n.name))
		return map[string]string{n.name: at.path(n.name)}, err
	}
	spec, err := images.Parse(n.name)
	if err != nil {
		return nil, err
	}
	if err := knownKinds([]string{n.name}, at); err != nil {
		return nil, err
	}
	named := spec.Path
	spec.Path = at.path(named)
	paths, err := images.Files(spec)
	out := map[string]string{}
	for _, p := range paths {
		out[images.Renamed(p, spec.Path, named)] = p
	}
	return out, err
}

// digests remembers those of files, and what lies beside models.
type digests struct {
	mu     sync.Mutex
	known  map[string]batch.File
	beside map[string][]string
}

func newDigests() *digests {
	return &digests{known: map[string]batch.File{}, beside: map[string][]string{}}
}

// of returns a file's size and digest, which is known where neither its size nor its time has changed.
func (d *digests) of(name, path string) (batch.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return batch.File{}, err
	}
	id := fmt.Sprint(path, " ", info.Size(), " ", info.ModTime().UnixNano())
	d.mu.Lock()
	f, ok := d.known[id]
	d.mu.Unlock()
	if !ok {
		sum, err := file.Digest(path)
		if err != nil {
			return batch.File{}, err
		}
		f = batch.File{SHA256: sum, Size: info.Size()}
		d.mu.Lock()
		d.known[id] = f
		d.mu.Unlock()
	}
	f.Name = name
	return f, nil
}

// jobOf reads the digests of everything that an entry names.
func (d *digests) jobOf(ctx context.Context, m *batch.Manifest, e batch.Entry) (batch.Job, error) {
	job := batch.Job{Name: e.Name, Tool: build(), Flags: maps.Clone(e.Flags)}
	maps.DeleteFunc(job.Flags, func(name string, _ []string) bool { return isIncidental(name) && !incidental[name].inJob })
	o, _, err := verifyWith(e.Flags)
	if err != nil {
		return job, err
	}
	files := map[string]string{}
	for _, n := range o.named() {
		found, err := n.list(m.Locate)
		if err != nil {
			return job, err
		}
		maps.Copy(files, found)
		if !n.model {
			continue
		}
		for _, location := range d.besides(ctx, m.Locate(n.name)) {
			name := filepath.Join(filepath.Dir(n.name), location)
			files[name] = m.Locate(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := d.of(name, files[name])
		if err != nil {
			return job, err
		}
		job.Files = append(job.Files, f)
	}
	return job, ctx.Err()
}

// besides lists the files beside a model that hold its weights. What is wrong with the model is for the audit to say.
func (d *digests) besides(ctx context.Context, path string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	locations, ok := d.beside[path]
	if ok {
		return locations
	}
	if m, err := onnxio.ReadFile(ctx, path, onnxio.Options{}); err == nil {
		for _, f := range m.External {
			locations = append(locations, filepath.FromSlash(f.Location))
		}
	}
	d.beside[path] = locations
	return locations
}

// performer carries out jobs.
type performer struct {
	files      locator
	recoveries *batch.Recoveries
	threads    int
	// progress, if not nil, is called with what is being done and the share of it.
	progress func(what string, share float64)
}

// perform leaves in dir what verify writes for flags.
func (p performer) perform(ctx context.Context, flags map[string][]string, dir string) (batch.Verdict, error) {
	o, c, err := verifyWith(flags)
	if err != nil {
		return batch.Verdict{}, err
	}
	o.again = repetitionOf(c, nil)
	o.files, o.verdict.out = p.files, dir
	if o.run.threads == 0 {
		o.run.threads = p.threads
	}
	rep, err := o.audit(ctx, func(r *audit.Request, _ *outdir.Dir) error {
		if _, err := fits(ctx, r); err != nil {
			return err
		}
		r.Recover = p.recoveries.Recover
		if p.progress != nil {
			r.Progress = func(model string, at reconstruct.Progress) {
				p.progress("model "+model, float64(at.Done)/float64(at.Total))
			}
			r.Examined = func(model string, done, total int) {
				p.progress("layers of model "+model, float64(done)/float64(total))
			}
		}
		return nil
	})
	return batch.Verdict{Verdict: string(rep.Summary.Verdict), Reason: rep.Summary.Reason}, err
}

// safely is perform without panics, which are errors of this job alone.
func (p performer) safely(ctx context.Context, flags map[string][]string, dir string) (v batch.Verdict, err error) {
	defer caught(&err)
	return p.perform(ctx, flags, dir)
}

// auditsOf are the audits of a manifest, carried out on this machine.
func auditsOf(m *batch.Manifest, p performer) []batch.Audit {
	known := newDigests()
	var out []batch.Audit
	for _, e := range m.Audits {
		out = append(out, batch.Audit{
			Name: e.Name,
			Job:  func(ctx context.Context) (batch.Job, error) { return known.jobOf(ctx, m, e) },
			Do: func(ctx context.Context, _ batch.Job, dir string) (batch.Verdict, error) {
				return p.safely(ctx, e.Flags, dir)
			},
		})
	}
	return out
}

// threadsOf is the number of threads for each of so many jobs at a time, 0 for as many as there are.
func threadsOf(jobs int) int {
	if jobs == 1 {
		return 0
	}
	return max(1, runtime.GOMAXPROCS(0)/jobs)
}
