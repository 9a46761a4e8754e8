package main

import (
	"slices"
	"strings"

	"unlearnguard/fixtures/images"
)

// specs names images, given one by one, by as few specifications as can be.
func specs(names []string) []string {
	var all []*images.Spec
	for _, name := range names {
		spec, err := images.Parse(name)
		if err != nil || len(spec.Indices) != 1 {
			all = append(all, &images.Spec{Path: name})
			continue
		}
		at := slices.IndexFunc(all, func(s *images.Spec) bool {
			return s.Kind == spec.Kind && s.Path == spec.Path && s.Part == spec.Part
		})
		if at < 0 {
			all = append(all, &spec)
			continue
		}
		all[at].Indices = append(all[at].Indices, spec.Indices...)
	}
	var out []string
	for _, s := range all {
		s.Indices = joined(s.Indices)
		out = append(out, s.String())
	}
	return out
}

// joined sorts indices and makes ranges of those that follow each other.
func joined(indices []images.Range) []images.Range {
	slices.SortFunc(indices, func(a, b images.Range) int { return a.First - b.First })
	var out []images.Range
	for _, r := range indices {
		if n := len(out); n > 0 && out[n-1].Last+1 == r.First {
			out[n-1].Last = r.Last
			continue
		}
		out = append(out, r)
	}
	return out
}

// asFlags writes specifications as they are given to a flag of verify.
func asFlags(flag string, specs []string) string {
	var words []string
	for _, s := range specs {
		words = append(words, "--"+flag, quoted(s))
	}
	return strings.Join(words, " ")
}
