package queue

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/onnxio/file"
)

// mostUnpacked bounds what an archive of a report may unpack to, in bytes.
const mostUnpacked = 4 << 30

// pack makes an archive of the files in and below a folder.
func pack(dir string) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	if err := t.AddFS(os.DirFS(dir)); err != nil {
		return nil, err
	}
	err = errors.Join(t.Close(), z.Close())
	return out.Bytes(), err
}

// unpack fills a folder from an archive, which is a stranger's: nothing is written outside the folder.
func unpack(from io.Reader, dir string) error {
	z, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(mostUnpacked)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("the archive unpacks to more than %d bytes", int64(mostUnpacked))
		}
		if err := unpackOne(root, h, t); err != nil {
			return err
		}
	}
}

func unpackOne(root *os.Root, h *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(h.Name)
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(filepath.Clean(name), 0o755)
	case tar.TypeReg:
	default:
		return fmt.Errorf("the archive holds %q, which is no file", h.Name)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// storeReport keeps the archive of a folder and returns its digest, empty for a folder with nothing in it.
func (q *Queue) storeReport(ctx context.Context, dir string) (string, error) {
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		return "", err
	}
	content, err := pack(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	return name, q.insistOn(ctx, int64(len(content)), func(ctx context.Context) error {
		_, err := q.reports.PutBytes(ctx, name, content)
		return err
	})
}

// unpackReport brings the archive of that digest.
func (q *Queue) unpackReport(ctx context.Context, digest, dir string) error {
	if digest == "" {
		return nil
	}
	content, err := q.reports.GetBytes(ctx, digest)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != digest {
		return errors.New("the archive of the report is not the one that was stored")
	}
	return unpack(bytes.NewReader(content), dir)
}

// fetchFile brings the object of a digest into a file that must not be there before it is whole.
func fetchFile(ctx context.Context, from jetstream.ObjectStore, digest, path string) error {
	object, err := from.Get(ctx, digest)
	if err != nil {
		return err
	}
	defer object.Close()
	return file.Write(path, 0o600, func(f *os.File) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(f, h), object); err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != digest {
			return fmt.Errorf("the file has the digest %s, and %s is wanted", got, digest)
		}
		return nil
	})
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
