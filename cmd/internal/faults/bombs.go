//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What a hostile file may cost before it is refused.
const (
	bombTime   = 5 * time.Second
	bombMemory = 256 << 20
)

// bombs gives the program small files that claim, or unpack to, far more than they should. Package tests and .ci/fuzz have many more.
func (b *bench) bombs() []check {
	var out []check
	for _, f := range []struct {
		name string
		make func(io.Writer) error
		args func(path string) []string
	}{
		{"bomb.npz", zipOfZeros, asImages("npz")},
		{"bomb-idx3-ubyte.gz", gzipOfZeros, asImages("idx")},
		{"bomb.npy", hugeArray, asImages("npy")},
		{"bomb.png", hugePicture, asImages("png")},
		{"bomb.mat", hugeMatrix, asImages("svhn")},
		{"bomb.yaml", aliases, func(path string) []string { return []string{"audit", "--manifest", path, "-o", "bombed"} }},
		{"report.json", deepJSON, func(string) []string { return []string{"compare", ".", "-o", "bombed"} }},
		{"bomb.onnx", hugeModel, func(path string) []string { return []string{"inspect", path} }},
	} {
		out = append(out, check{"bomb: " + f.name, func(ctx context.Context) (string, error) {
			path := b.path(f.name)
			if err := writeTo(path, f.make); err != nil {
				return "", err
			}
			return b.bombed(ctx, path, f.args(f.name))
		}})
	}
	return out
}

func asImages(kind string) func(path string) []string {
	return func(path string) []string {
		return []string{"verify", "--before", "before.onnx", "--after", "after.onnx", "--forget", kind + ":" + path, "-o", "bombed"}
	}
}

// bombed requires that a file is refused soon, by name, and without much memory.
func (b *bench) bombed(ctx context.Context, path string, args []string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	e, err := b.do(ctx, call{dir: b.dir, args: args})
	if err == nil {
		err = e.refused(filepath.Base(path))
	}
	if err != nil {
		return "", err
	}
	if e.took > bombTime || e.memory > bombMemory {
		err = fmt.Errorf("it took %.1f s and %d MB", e.took.Seconds(), e.memory>>20)
	}
	if _, stat := os.Stat(b.path("bombed")); !errors.Is(stat, os.ErrNotExist) {
		err = errors.Join(err, errors.New("something was written"))
	}
	said := e.lastLine()
	if len(said) > 150 {
		said = said[:150] + "..."
	}
	return fmt.Sprintf("%d kB, refused in %.2f s and %d MB: %q", info.Size()>>10, e.took.Seconds(), e.memory>>20, said), err
}

func writeTo(path string, content func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}

// zeros writes so many megabytes of them.
func zeros(w io.Writer, megabytes int) error {
	block := make([]byte, 1<<20)
	for range megabytes {
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	return nil
}

// arrayHeader is that of a NumPy array of float64.
func arrayHeader(shape string) []byte {
	text := "{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + "), }"
	text += strings.Repeat(" ", 117-len(text)) + "\n"
	return append([]byte("\x93NUMPY\x01\x00\x76\x00"), text...)
}

func zipOfZeros(w io.Writer) error {
	z := zip.NewWriter(w)
	member, err := z.Create("images.npy")
	if err != nil {
		return err
	}
	_, err = member.Write(arrayHeader("170000, 1, 28, 28"))
	return errors.Join(err, zeros(member, 1017), z.Close())
}

func gzipOfZeros(w io.Writer) error {
	z := gzip.NewWriter(w)
	_, err := z.Write([]byte{0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 28, 0, 0, 0, 28})
	return errors.Join(err, zeros(z, 1024), z.Close())
}

func hugeArray(w io.Writer) error {
	_, err := w.Write(arrayHeader("4611686018427387904, 28, 28"))
	return err
}

// hugePicture has the header of 2^31 - 1 squared pixels, with the right checksum, and no more.
func hugePicture(w io.Writer) error {
	part := append([]byte("IHDR"), 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), part...)
	_, err := w.Write(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(part)))
	return err
}

// hugeMatrix is a MATLAB file with an element that claims four gigabytes.
func hugeMatrix(w io.Writer) error {
	head := append([]byte("MATLAB 5.0 MAT-file"), bytes.Repeat([]byte(" "), 105)...)
	head = append(head, 0, 1, 'I', 'M')
	_, err := w.Write(append(head, 14, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff))
	return err
}

// aliases doubles a list thirty times.
func aliases(w io.Writer) error {
	text := "audits:\n  - &a0 [x, x]\n"
	for i := range 30 {
		text += fmt.Sprintf("  - &a%d [*a%d, *a%d]\n", i+1, i, i)
	}
	_, err := io.WriteString(w, text)
	return err
}

func deepJSON(w io.Writer) error {
	_, err := io.WriteString(w, `{"schema": "unlearnguard/verify/v3", "samples": `+strings.Repeat("[", 5_000_000))
	return err
}

// hugeModel has a graph field that claims 2^62 bytes.
func hugeModel(w io.Writer) error {
	_, err := w.Write(append([]byte{0x08, 8, 0x3a}, binary.AppendUvarint(nil, 1<<62)...))
	return err
}
