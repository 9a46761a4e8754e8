//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"unlearnguard/fixtures"
	"unlearnguard/onnxio"
)

// pair writes two networks with PyTorch's start.
func (b *bench) pair(shape, hidden []int) error {
	for name, seed := range map[string]uint64{"before.onnx": 1, "after.onnx": 2} {
		m, err := fixtures.NewModel(fixtures.MLP, shape, fixtures.ArchitectureOptions{Hidden: hidden, Classes: 10, Seed: seed})
		if err != nil {
			return err
		}
		if err := onnxio.WriteFile(b.path(name), m); err != nil {
			return err
		}
	}
	return nil
}

// images draws n of them, each about a mean of its own, and writes them to NAME.npz, with labels where these are asked for.
func (b *bench) images(name string, n int, shape []int, labelled bool) error {
	f, err := os.Create(b.path(name + ".npz"))
	if err != nil {
		return err
	}
	defer f.Close()
	z := zip.NewWriter(f)
	err = b.draw(z, name, n, shape)
	if labelled {
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(i % 10)
		}
		err = errors.Join(err, array(z, "labels", "|u1", []int{n}, bytes.NewReader(labels)))
	}
	return errors.Join(err, z.Close())
}

// draw writes the pixels. Those of two names differ.
func (b *bench) draw(z *zip.Writer, name string, n int, shape []int) error {
	h := fnv.New64()
	fmt.Fprint(h, name)
	r := rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), h.Sum64())))
	size := n
	for _, s := range shape {
		size *= s
	}
	return array(z, "images", "|u1", append([]int{n}, shape...), io.LimitReader(r, int64(size)))
}

// array writes one array of an .npz file.
func array(z *zip.Writer, name, kind string, shape []int, content io.Reader) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", kind, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]"))
	text += strings.Repeat(" ", 117-len(text)) + "\n"
	_, err = w.Write(append([]byte("\x93NUMPY\x01\x00\x76\x00"), text...))
	if err == nil {
		_, err = io.Copy(w, content)
	}
	return err
}
