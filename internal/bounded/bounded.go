// Package bounded reads files that are known to be small.
package bounded

import (
	"fmt"
	"io"
	"os"
)

// ReadFile reads a file of at most so many bytes. No more are read of a longer one, which is refused.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is longer than the %d bytes that are read: check that it is the file that was meant", path, most)
	}
	return text, nil
}
