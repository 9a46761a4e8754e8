package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"path/filepath"
	"strings"
)

// Job is one audit with everything that its outcome depends on.
type Job struct {
	Name string `json:"name"`
	// Tool is the version of the program: others may come to other bytes.
	Tool string `json:"tool"`
	// Flags are those of verify that count for the outcome. Files are named as the manifest names them.
	Flags map[string][]string `json:"flags"`
	// Files are those that the flags name, and what lies beside them and belongs to them.
	Files []File `json:"files"`
}

// File is an input of a job.
type File struct {
	// Name is that of the manifest, in the way that the system of the manifest writes paths.
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Key is a digest of everything but the name of the audit: jobs of one key have one outcome.
func (j Job) Key() string {
	j.Name = ""
	text, err := json.Marshal(j) // maps are written in the order of their keys
	if err != nil {
		panic(err) // it is made of text and numbers
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Portable is a path for the file called name within a folder that stands for the whole file system: on no system does it
// lead out of that folder.
func Portable(name string) string {
	name = path.Clean(strings.ReplaceAll(filepath.ToSlash(name), `\`, "/"))
	parts := strings.Split(name, "/")
	for i, part := range parts {
		switch {
		case part == "" && i == 0:
			parts[i] = "__root__"
		case part == "..":
			parts[i] = "__up__"
		default:
			parts[i] = strings.ReplaceAll(part, ":", "__")
		}
	}
	return filepath.Join(parts...)
}
