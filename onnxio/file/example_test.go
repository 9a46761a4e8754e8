package file_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"unlearnguard/onnxio/file"
)

// A file that could not be written whole leaves the one before as it was.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "file")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	if err := file.Replace(path, []byte("old"), 0o644); err != nil {
		log.Fatal(err)
	}
	err = file.Write(path, 0o644, func(f *os.File) error {
		_, _ = f.WriteString("half of the n")
		return errors.New("the power failed")
	})
	text, _ := file.Read(path, 1<<10)
	fmt.Printf("%v: %s\n", err, text)
	// Output: the power failed: old
}
