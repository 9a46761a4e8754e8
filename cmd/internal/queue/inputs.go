package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/nats-io/nats.go/jetstream"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/onnxio/file"
)

// inputs lays out the files of jobs.
type inputs struct {
	q *Queue
	// data, if not empty, is a folder that is looked in first, by the names of the manifest.
	data string
	// cache holds files by their digests.
	cache string
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// lay makes a tree of a job's files in dir, which its names lead to by [batch.Portable].
func (in inputs) lay(ctx context.Context, job batch.Job, dir string) error {
	for _, f := range job.Files {
		if !hexDigest.MatchString(f.SHA256) {
			return fmt.Errorf("%s: %q is no digest", f.Name, f.SHA256)
		}
		from, err := in.find(ctx, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		to := filepath.Join(dir, batch.Portable(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := link(from, to); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// find returns where a file of the right content lies: in the folder of data, in the cache, or there after it was fetched.
func (in inputs) find(ctx context.Context, f batch.File) (string, error) {
	at := filepath.Join(in.cache, f.SHA256)
	places := []string{at}
	if in.data != "" {
		places = []string{filepath.Join(in.data, batch.Portable(f.Name)), at}
	}
	for _, place := range places {
		if sum, err := file.Digest(place); err == nil && sum == f.SHA256 {
			return place, nil
		}
	}
	err := in.q.insistOn(ctx, f.Size, func(ctx context.Context) error { return fetchFile(ctx, in.q.files, f.SHA256, at) })
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return "", errors.New("the queue does not have it, and the folder of --data has no file of this name and content")
	}
	return at, err
}

// link makes another name for a file, or a copy where that cannot be.
func link(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
