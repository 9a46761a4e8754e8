package onnxio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	m, err := readFile(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Path = path
	return m, nil
}

func readFile(ctx context.Context, path string, opts Options) (*Model, error) {
	before, err := os.Stat(path) // before opening: a pipe would block
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(path)
	}
	m, err := decode(ctx, f, before.Size(), opts)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(before, after) || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, fmt.Errorf("it changed while it was being read; try again")
	}
	return m, nil
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
		return nil, fmt.Errorf("the file is empty")
	}
	if size > opts.MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than the %d allowed; raise Options.MaxBytes", size, opts.MaxBytes)
	}
	m := &Model{Size: size}
	src := &source{r: r, size: size}
	p := &preflight{ctx: ctx, src: src, m: m, memory: structureLimit, ignored: map[string]int{}}
	if err := p.model(span{0, size}); err != nil {
		return nil, err
	}
	if err := m.settleInputs(); err != nil {
		return nil, err
	}
	if err := m.order(); err != nil {
		return nil, err
	}
	ext := &externalFiles{dir: opts.Dir, budget: opts.MaxBytes - size}
	defer ext.close()
	if err := p.load(ext, opts); err != nil {
		return nil, err
	}
	for _, f := range ext.order {
		if err := f.hash(); err != nil {
			return nil, fmt.Errorf("external data %s: %w", quote(f.Location), err)
		}
		m.External = append(m.External, f.ExternalFile)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, size)); err != nil {
		return nil, err
	}
	m.SHA256 = hex.EncodeToString(h.Sum(nil))
	return m, nil
}

// load places all tensors and then reads their elements.
func (p *preflight) load(ext *externalFiles, opts Options) error {
	var need int64
	for _, t := range p.tensors {
		if err := t.place(ext); err != nil {
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
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if err := t.load(p.src); err != nil {
			return fmt.Errorf("%s: %w", t.label, err)
		}
	}
	return nil
}
