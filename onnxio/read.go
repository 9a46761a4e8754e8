package onnxio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options says how much a reader may take and where it finds external data. The zero value is fit for files from strangers.
type Options struct {
	// Dir is the folder that external data is read from. ReadFile takes the model's own folder when it is "";
	// Decode refuses external data then.
	Dir string
	// MaxBytes bounds the size of the model and its external data together. 0 means 4 GiB.
	MaxBytes int64
	// MaxTensorBytes bounds the memory of all tensors: 4 or 8 bytes an element. 0 means 64 MiB more than 8 times the
	// size of the model and its external data, which only tensors that share external data can exceed.
	MaxTensorBytes int64
}

// ReadFile reads the model at path, and its external data from the folder beside it.
//
// The error of a file that is damaged, malicious or beyond what this package reads names the file, the node or tensor, and
// what to do. Besides the model it returns, ReadFile holds no more than a few MB of a file at a time.
func ReadFile(ctx context.Context, path string, opts Options) (*Model, error) {
	before, err := os.Stat(path) // before opening, which would wait for the other end of a pipe
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := readFile(ctx, f, before, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func readFile(ctx context.Context, f *os.File, before os.FileInfo, opts Options) (*Model, error) {
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(f.Name())
	}
	m, err := decode(ctx, f, before.Size(), opts)
	if err != nil {
		return nil, err
	}
	m.Path = f.Name()
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return m, unchanged(before, after)
}

// Decode reads a model from memory, with external data from opts.Dir. Its errors are those of [ReadFile] without a path.
func Decode(ctx context.Context, data []byte, opts Options) (*Model, error) {
	return decode(ctx, bytes.NewReader(data), int64(len(data)), opts)
}

func decode(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*Model, error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = 4 << 30
	}
	if size == 0 {
		return nil, errors.New("the file is empty")
	}
	if size > opts.MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than the %d allowed; raise Options.MaxBytes", size, opts.MaxBytes)
	}
	p := &preflight{
		ctx:     ctx,
		src:     &source{r: r, size: size},
		m:       &Model{Size: size},
		memory:  structureLimit,
		ignored: map[string]int{},
	}
	ext := &externalFiles{dir: opts.Dir, budget: opts.MaxBytes - size}
	defer ext.close()
	for _, step := range []func() error{
		func() error { return p.model(span{0, size}) },
		p.m.settleInputs,
		p.m.order,
		p.m.crossCheckGraph,
		func() error { return p.load(ext, opts) },
		func() error { return p.identify(ext) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.m.Ignored = p.ignoredLines()
	return p.m, nil
}

// load finds the elements of all tensors and then reads them.
func (p *preflight) load(ext *externalFiles, opts Options) error {
	var need int64
	for _, t := range p.tensors {
		if err := p.place(t, ext); err != nil {
			return fmt.Errorf("%s: %w", t.label, err)
		}
		need += int64(t.count) * int64(layouts[t.DType].held.width())
	}
	limit := opts.MaxTensorBytes
	if limit == 0 {
		limit = 64<<20 + 8*(opts.MaxBytes-ext.budget)
	}
	if need > limit {
		return fmt.Errorf("the tensors would take %d bytes of memory, more than the %d allowed; raise Options.MaxTensorBytes", need, limit)
	}
	for _, t := range p.tensors {
		if err := t.load(p.ctx, p.src); err != nil {
			return fmt.Errorf("%s: %w", t.label, err)
		}
	}
	return nil
}

// identify fills in the digests of the model and its external data.
func (p *preflight) identify(ext *externalFiles) (err error) {
	for _, f := range ext.order {
		if err := f.finish(); err != nil {
			return fmt.Errorf("external data %s: %w", quote(f.Location), err)
		}
		p.m.External = append(p.m.External, f.ExternalFile)
	}
	p.m.SHA256, err = digest(io.NewSectionReader(p.src.r, 0, p.src.size))
	return err
}

// digest returns the SHA-256 of what r reads, in hex.
func digest(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
