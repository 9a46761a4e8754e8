package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// results is the file of earlier results, if one is named.
type results struct {
	file    *os.File
	noticed map[string]bool
}

const noticedPrefix, survivedPrefix = "noticed     ", "SURVIVED    "

func openLog(name string) (*results, error) {
	r := &results{noticed: map[string]bool{}}
	if name == "" {
		return r, nil
	}
	var err error
	if r.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(r.file)
	for lines.Scan() {
		if m, ok := strings.CutPrefix(lines.Text(), noticedPrefix); ok {
			r.noticed[m] = true
		}
	}
	return r, lines.Err()
}

// write prints what survived, and everything where there is no file.
func (r *results) write(m mutant, noticed bool) {
	prefix := survivedPrefix
	if noticed {
		prefix = noticedPrefix
	}
	if !noticed || r.file == nil {
		fmt.Println(prefix + m.String())
	}
	if r.file != nil {
		fmt.Fprintln(r.file, prefix+m.key())
	}
}

func (r *results) close() {
	if r.file != nil {
		r.file.Close()
	}
}

// parseReasons reads equivalent.txt: a mutant's key in a line, its reason in the next, indented.
func parseReasons(text string) (map[string]string, error) {
	out := map[string]string{}
	key := ""
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			key = line
		case key == "":
			return nil, fmt.Errorf("equivalent.txt:%d: a reason without a mutant", i+1)
		default:
			out[key], key = strings.TrimSpace(line), ""
		}
	}
	if key != "" {
		return nil, fmt.Errorf("equivalent.txt: no reason for %s", key)
	}
	return out, nil
}
