package batch

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Manifest is a list of audits.
type Manifest struct {
	// Path is its file, and Folder where that lies: paths in it are relative to Folder.
	Path, Folder string
	Audits       []Entry
}

// Entry is one audit of a manifest.
type Entry struct {
	Name string
	Line int
	// Flags has the values of each flag of verify that the entry or the defaults give, by the flag's name.
	Flags map[string][]string
}

// Key describes a flag that a manifest may hold.
type Key struct {
	// Repeatable flags take a list.
	Repeatable bool
	Required   bool
	// Check reports what is wrong with values of the flag.
	Check func(values []string) error
}

// Locate says where the file lies that a manifest names.
func (m *Manifest) Locate(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(m.Folder, name)
}

// Errors are all errors of a manifest, in the order of its lines.
type Errors []LineError

// LineError is one of them.
type LineError struct {
	Path string
	Line int
	Err  error
}

// Error has one line for each error.
func (e Errors) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Error names the file and the line.
func (e LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }

// Unwrap returns the reason.
func (e LineError) Unwrap() error { return e.Err }

const (
	// MaxBytes bounds the length of a manifest, of which some 200 bytes are an audit.
	MaxBytes = 1 << 20
	// maxValues bounds the values of all flags: an alias (*name) repeats a list of any length in five bytes.
	maxValues = 1 << 18
	// maxErrors bounds those that are told.
	maxErrors = 100
)

// Parse reads the text of the manifest at path, whose flags are described by keys. The error is of type [Errors] and holds
// everything that is wrong.
func Parse(path string, text []byte, keys map[string]Key) (*Manifest, error) {
	p := &parser{path: path, keys: keys, checked: map[string]error{}, names: map[string]int{}}
	m := &Manifest{Path: path, Folder: filepath.Dir(path)}
	var document yaml.Node
	if len(text) > MaxBytes {
		p.fail(1, "it is %d bytes long, and at most %d are read: make several manifests of it", len(text), MaxBytes)
	} else if err := yaml.Unmarshal(text, &document); err != nil {
		p.fail(syntaxLine(err), "%s", syntaxText(err))
	} else if len(document.Content) == 0 {
		p.fail(1, "it is empty: give a list audits: of entries with name, before, after and forget")
	} else {
		m.Audits = p.manifest(document.Content[0])
	}
	if len(p.errors) == 0 {
		return m, nil
	}
	slices.SortStableFunc(p.errors, func(a, b LineError) int { return a.Line - b.Line })
	if len(p.errors) == maxErrors {
		p.errors = append(p.errors, LineError{path, p.errors[maxErrors-1].Line, errors.New("there may be more errors: mend these first")})
	}
	return nil, p.errors
}

// parser gathers errors.
type parser struct {
	path   string
	keys   map[string]Key
	errors Errors
	// checked remembers what was said of a flag's values: hundreds of audits have the same.
	checked map[string]error
	names   map[string]int // the lines of names in lower case
	held    int            // values of flags so far
}

func (p *parser) fail(line int, format string, args ...any) {
	if len(p.errors) < maxErrors {
		p.errors = append(p.errors, LineError{p.path, line, fmt.Errorf(format, args...)})
	}
}

func (p *parser) manifest(root *yaml.Node) []Entry {
	var defaults map[string]setting
	var list *yaml.Node
	for _, f := range p.fields(root, "the manifest") {
		switch f.key.Value {
		case "defaults":
			defaults = p.settings(p.fields(f.value, "defaults"), "defaults")
		case "audits":
			list = f.value
		default:
			p.fail(f.key.Line, "%q is not known here: a manifest has audits and defaults", f.key.Value)
		}
	}
	if list == nil || list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		p.fail(root.Line, "there are no audits: give a list audits: of entries with name, before, after and forget")
		return nil
	}
	var out []Entry
	for _, node := range list.Content {
		if len(p.errors) == maxErrors {
			break
		}
		out = append(out, p.entry(resolved(node), defaults))
	}
	return out
}

// field is a key of a mapping with its value.
type field struct{ key, value *yaml.Node }

// fields lists a mapping's, without those that are there twice.
func (p *parser) fields(node *yaml.Node, what string) []field {
	node = resolved(node)
	if node.Kind != yaml.MappingNode {
		p.fail(node.Line, "%s: give keys with values", what)
		return nil
	}
	var out []field
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		f := field{node.Content[i], resolved(node.Content[i+1])}
		if first := lines[f.key.Value]; first > 0 {
			p.fail(f.key.Line, "%s: %q was given in line %d already", what, f.key.Value, first)
			continue
		}
		lines[f.key.Value] = f.key.Line
		out = append(out, f)
	}
	return out
}

// entry reads one audit.
func (p *parser) entry(node *yaml.Node, defaults map[string]setting) Entry {
	e := Entry{Line: node.Line, Flags: map[string][]string{}}
	fields := p.fields(node, "an audit")
	at := slices.IndexFunc(fields, func(f field) bool { return f.key.Value == "name" })
	if at >= 0 {
		e.Name = p.name(fields[at])
		fields = slices.Delete(fields, at, at+1)
	} else if node.Kind == yaml.MappingNode {
		p.fail(node.Line, "an audit without a name: give it one, which will be that of its folder")
	}
	own := p.settings(fields, "audit "+strconv.Quote(e.Name))
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		if s, ok := own[key]; ok {
			e.Flags[key] = s.values
		} else if s, ok := defaults[key]; ok {
			e.Flags[key] = s.values
		} else if p.keys[key].Required && node.Kind == yaml.MappingNode {
			p.fail(node.Line, "audit %q: %s is missing", e.Name, key)
		}
	}
	return e
}

// name checks an audit's name. Names that differ in case alone are one folder on some file systems.
func (p *parser) name(f field) string {
	name := f.value.Value
	if err := checkName(name); err != nil {
		p.fail(f.value.Line, "%w", err)
		return name
	}
	lower := strings.ToLower(name)
	if line := p.names[lower]; line > 0 {
		p.fail(f.value.Line, "the name %q is that of the audit in line %d (case does not count)", name, line)
	} else {
		p.names[lower] = f.value.Line
	}
	return name
}

// setting is the value of a flag.
type setting struct{ values []string }

// settings reads flags and checks each by itself.
func (p *parser) settings(fields []field, what string) map[string]setting {
	out := map[string]setting{}
	for _, f := range fields {
		name := f.key.Value
		key, ok := p.keys[name]
		if !ok {
			p.fail(f.key.Line, "%s: %q is no flag of verify that a manifest may hold%s", what, name, p.suggestion(name))
			continue
		}
		values, ok := p.values(f.value, key, what+": "+name)
		if !ok {
			out[name] = setting{} // not missing as well
			continue
		}
		out[name] = setting{values}
		if err := p.check(name, key, values); err != nil {
			p.fail(f.value.Line, "%s: %w", what, err)
		}
	}
	return out
}

// values reads a scalar, or a list where the flag may be repeated.
func (p *parser) values(node *yaml.Node, key Key, what string) ([]string, bool) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		if !key.Repeatable {
			p.fail(node.Line, "%s: give one value, not a list", what)
			return nil, false
		}
		nodes = node.Content
	}
	if p.held += len(nodes); p.held > maxValues {
		p.fail(node.Line, "%s: there are more than %d values up to here, those of aliases included: make several manifests of it", what, maxValues)
		return nil, false
	}
	out := []string{}
	for _, n := range nodes {
		n = resolved(n)
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			p.fail(n.Line, "%s: give text or a number", what)
			return nil, false
		}
		out = append(out, n.Value)
	}
	return out, true
}

func (p *parser) check(name string, key Key, values []string) error {
	id := fmt.Sprintf("%s %q", name, values)
	err, known := p.checked[id]
	if !known {
		err = key.Check(values)
		p.checked[id] = err
	}
	return err
}

// suggestion names the flag that may have been meant: one that shares a beginning.
func (p *parser) suggestion(name string) string {
	best, length := "", 2
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		n := 0
		for n < min(len(key), len(name)) && key[n] == name[n] {
			n++
		}
		if n > length {
			best, length = key, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (is %s meant?)", best)
}

// resolved follows an alias. Nothing is copied, so that aliases of aliases cost nothing.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

var yamlLine = regexp.MustCompile(`line (\d+): ?`)

// syntaxLine is the line that an error of the YAML library is about.
func syntaxLine(err error) int {
	if at := yamlLine.FindStringSubmatch(err.Error()); at != nil {
		line, _ := strconv.Atoi(at[1])
		return line
	}
	return 1
}

func syntaxText(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	return "this is no YAML: " + yamlLine.ReplaceAllString(strings.Join(strings.Fields(text), " "), "")
}
