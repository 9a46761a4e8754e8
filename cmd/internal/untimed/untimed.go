// Package untimed compares what the command wrote but for the times in it.
package untimed

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

var (
	jsonTimes  = regexp.MustCompile(`(?s)  "times": \{.*?\n  \}`)
	htmlTimes  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	indexTimes = regexp.MustCompile(`"(started|seconds|report)": .*|<td class="number".*`) // of a list of audits
)

// Read returns a file without times, and without what follows from them: the digests in a list of audits.
func Read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if name := filepath.Base(path); name == "index.json" || name == "index.html" {
		text = indexTimes.ReplaceAll(text, nil)
	}
	switch filepath.Ext(path) {
	case ".json":
		text = jsonTimes.ReplaceAll(text, nil)
	case ".html":
		text = htmlTimes.ReplaceAll(text, nil)
	}
	return text, err
}

// Same reports the first difference between the reports of two folders of audits but for times.
func Same(a, b string) (reports int, err error) {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		reports = 0
		err := filepath.WalkDir(pair[0], func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(pair[0], path)
			if err != nil {
				return err
			}
			switch {
			case d.Name() == "unlearnguard-audits":
				return fs.SkipDir
			case d.IsDir() || name == "index.html" || name == "index.json":
				return nil
			case d.Name() == "report.json":
				reports++
			}
			return sameFile(path, filepath.Join(pair[1], name))
		})
		if err != nil {
			return 0, err
		}
	}
	return reports, nil
}

func sameFile(a, b string) error {
	x, err := Read(a)
	if err != nil {
		return err
	}
	y, err := Read(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(x, y) {
		return fmt.Errorf("%s and %s differ in more than times", a, b)
	}
	return nil
}
