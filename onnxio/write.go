package onnxio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"unlearnguard/onnxio/file"
)

// Write writes a model as one ONNX file with all tensors inside it. What [Decode] reads from it equals m but for what the
// bytes themselves decide: Path, SHA256, Size, External, Ignored and, where m has them in another order, the order of Nodes.
//
// Every tensor is written in its DType: the error of one whose elements that type cannot hold names it, as does that of a
// node that reads a name which nothing defines. Write holds no second copy of the tensors.
func Write(w io.Writer, m *Model) error {
	sorted := *m
	if err := sorted.order(); err != nil {
		return err
	}
	e, err := encodeModel(&sorted)
	if err != nil {
		return err
	}
	if e.size > math.MaxInt32 {
		return fmt.Errorf("the model would have %d bytes, but a protobuf file cannot have more than 2 GiB", e.size)
	}
	b := bufio.NewWriter(w)
	for _, p := range e.parts {
		if _, err := b.Write(p.bytes); err != nil {
			return err
		}
		if p.tensor == nil {
			continue
		}
		if err := writeElements(b, p.tensor); err != nil {
			return err
		}
	}
	return b.Flush()
}

// WriteFile writes a model to path as [Write] does. A file of that name is replaced at the end, and only if all went well.
func WriteFile(path string, m *Model) error {
	err := file.Write(path, 0o644, func(f *os.File) error {
		if err := Write(f, m); err != nil {
			return err
		}
		return f.Sync()
	})
	if of := (*fs.PathError)(nil); err != nil && !errors.As(err, &of) {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return err // which names the path
}

// writeElements writes the elements of a tensor in raw_data's form.
func writeElements(w io.Writer, t *Tensor) error {
	var buf []byte
	for lo, n := 0, t.Len(); lo < n; lo += chunkElements {
		var err error
		buf, err = t.appendRaw(buf[:0], lo, min(lo+chunkElements, n))
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
