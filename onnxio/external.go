package onnxio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// externalFiles are the files of external data of one model, all within one folder, which no path or link leaves.
type externalFiles struct {
	dir    string
	root   *os.Root
	files  map[string]*externalFile
	order  []*externalFile
	budget int64 // bytes that further files may have
}

type externalFile struct {
	ExternalFile
	root *os.Root
	info os.FileInfo // when it was first named
}

// externalSpan is the place of a tensor's elements in an external file.
type externalSpan struct {
	r   io.ReaderAt
	off int64
}

// file returns the file at a location, of which only the size is looked up.
func (x *externalFiles) file(location string) (*externalFile, error) {
	for strings.HasPrefix(location, "./") {
		location = strings.TrimPrefix(location, "./")
	}
	if f, ok := x.files[location]; ok {
		return f, nil
	}
	if !fs.ValidPath(location) || location == "." || strings.ContainsAny(location, "\\\x00") {
		return nil, errors.New("the location must be a clean path relative to the model's folder, such as weights.data: no leading /, no .., no backslash")
	}
	if x.dir == "" {
		return nil, errors.New("no folder is known to read it from; name one in Options.Dir, or export with external_data=False")
	}
	if x.root == nil {
		root, err := os.OpenRoot(x.dir)
		if err != nil {
			return nil, err
		}
		x.root = root
	}
	info, err := x.root.Stat(location)
	if link, linkErr := x.root.Lstat(location); err != nil && linkErr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return nil, errors.New("it is a link that leads out of the model's folder, or to nothing; put the file itself beside the model")
	}
	if err != nil {
		return nil, fmt.Errorf("%w; keep the external data beside the model", err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if x.budget -= info.Size(); x.budget < 0 {
		return nil, errors.New("model and external data are larger than Options.MaxBytes")
	}
	f := &externalFile{ExternalFile: ExternalFile{Location: location, Size: info.Size()}, root: x.root, info: info}
	if x.files == nil {
		x.files = map[string]*externalFile{}
	}
	x.files[location] = f
	x.order = append(x.order, f)
	return f, nil
}

// ReadAt reads from the file, which is open during the call only: a model may have a file for every tensor.
func (f *externalFile) ReadAt(b []byte, off int64) (int, error) {
	file, err := f.root.Open(f.Location)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.ReadAt(b, off)
}

// finish fills in the file's SHA-256, and refuses a file that has changed since it was first named.
func (f *externalFile) finish() error {
	file, err := f.root.Open(f.Location)
	if err != nil {
		return err
	}
	defer file.Close()
	if f.SHA256, err = digest(file); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return unchanged(f.info, info)
}

// unchanged refuses a file that was written to or replaced between two looks at it.
func unchanged(before, after os.FileInfo) error {
	if !os.SameFile(before, after) || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return errors.New("it changed while it was being read; try again")
	}
	return nil
}

func (x *externalFiles) close() {
	if x.root != nil {
		x.root.Close()
	}
}

// placeExternal finds the elements of a tensor whose data_location is EXTERNAL.
func (t *pendingTensor) placeExternal(l layout, x *externalFiles) error {
	location, off, length, err := t.reference()
	if err != nil {
		return err
	}
	f, err := x.file(location)
	if err != nil {
		return fmt.Errorf("external data %s: %w", quote(location), err)
	}
	if off > f.Size {
		return fmt.Errorf("external data %s has %d bytes, but the offset is %d", quote(location), f.Size, off)
	}
	rest := f.Size - off
	if length < 0 {
		length = rest
	}
	if length > rest {
		return fmt.Errorf("external data %s has %d bytes from offset %d, but the length is %d", quote(location), rest, off, length)
	}
	t.count, err = elements(t.Shape, max(length, 1))
	if err != nil {
		return err
	}
	if need := int64(t.count) * int64(l.width); need != length {
		return fmt.Errorf("external data %s has %d bytes for it, but %s of shape %v needs %d", quote(location), length, t.DType, t.Shape, need)
	}
	t.file = externalSpan{f, off}
	return nil
}

// reference returns what external_data says; the length is -1 where it says none.
func (t *pendingTensor) reference() (location string, off, length int64, err error) {
	length = -1
	seen := map[string]bool{}
	for _, e := range t.external {
		if seen[e.Key] {
			return "", 0, 0, fmt.Errorf("its external_data has the key %s twice", quote(e.Key))
		}
		seen[e.Key] = true
		switch e.Key {
		case "location":
			location = e.Value
		case "offset":
			off, err = byteCount(e.Value)
		case "length":
			length, err = byteCount(e.Value)
		}
		if err != nil {
			return "", 0, 0, fmt.Errorf("%s of its external_data: %w", e.Key, err)
		}
	}
	if location == "" {
		return "", 0, 0, errors.New("its external_data has no location")
	}
	return location, off, length, nil
}

// byteCount reads a decimal number of bytes.
func byteCount(s string) (int64, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%s is not a number of bytes", quote(s))
	}
	return v, nil
}
