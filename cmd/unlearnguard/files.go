package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"

	"unlearnguard/reconstruct"
)

// create writes a new file.
func create(path string, content func(f *os.File) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}

// createJSON writes a value to a new file as indented JSON.
func createJSON(path string, v any) error {
	return create(path, func(f *os.File) error { return encode(f, v) })
}

// createNPZ writes what was recovered to a new file as NumPy arrays.
func createNPZ(path string, r *reconstruct.Result) error {
	return create(path, func(f *os.File) error { return r.WriteNPZ(f) })
}

// encode writes a value as indented JSON.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// print copies a file to stdout.
func (a *app) print(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = a.out.Write(text)
	return err
}
