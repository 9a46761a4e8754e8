package main

// incidental are the flags that do not change what is found, and so are no part of how to repeat it. Every other flag of verify stands
// in a report's configuration, may stand in a manifest, and makes an audit another one.
var incidental = map[string]struct {
	inManifest bool // a manifest may hold it; the command decides on the others
	inJob      bool // it changes what is written, so that an audit that was done without it is done again
}{
	"attest":     {inManifest: true, inJob: true},
	"bom":        {inManifest: true, inJob: true},
	"fail-on":    {inManifest: true},
	"format":     {},
	"help":       {},
	"max-images": {inManifest: true},
	"out":        {},
	"quiet":      {},
	"resume":     {},
	"threads":    {inManifest: true},
}

func isIncidental(flag string) bool {
	_, ok := incidental[flag]
	return ok
}
