package onnxio

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// checkImport imports bytes that may be anything. They must be refused by this package itself, not by onnx-go or its panics;
// or what was read must survive being written and read again.
func checkImport(tb testing.TB, data []byte, dir string) (loaded bool) {
	tb.Helper()
	m, err := Decode(context.Background(), data, Options{Dir: dir})
	if err != nil {
		if strings.Contains(err.Error(), "onnx-go") {
			tb.Fatalf("the preflight lets through what onnx-go reads differently: %v\n%x", err, data)
		}
		return false
	}
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		tb.Fatalf("read but not written: %v\n%x", err, data)
	}
	back, err := Decode(context.Background(), b.Bytes(), Options{})
	if err != nil {
		tb.Fatalf("written but not read: %v\n%x", err, data)
	}
	if diff := sameModel(m, back); diff != "" {
		tb.Fatalf("written (-) and read (+):\n%s\n%x", diff, data)
	}
	return true
}

// seeds are models of this package's own, and where the shared test material is there, its hostile files.
func seeds(tb testing.TB) [][]byte {
	out := [][]byte{
		sample(flaw{}),
		sample(flaw{weight: external("location", "w", "offset", "0", "length", "24")}),
		sample(flaw{weight: weightOf(Float16, func(e *message) { e.string(tensorInt32Data, "\x01\x02\x03\x04\x05\x06") })}),
		sample(flaw{graph: node("Neg", []string{"h", "", "W"}, []string{"a", "", "b"})}),
	}
	var b bytes.Buffer
	if err := Write(&b, denseNet()); err != nil {
		tb.Fatal(err)
	}
	out = append(out, b.Bytes())
	paths, err := filepath.Glob(filepath.Join(sharedONNX(), "hostile", "*", "*.onnx"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		if len(data) < 4096 {
			out = append(out, data)
		}
	}
	return out
}

// six returns the bytes of the float32s first, first+1, ... first+5.
func six(first float32) []byte {
	v := make([]float32, 6)
	for i := range v {
		v[i] = first + float32(i)
	}
	b, _ := FloatTensor("", v, 6).appendRaw(nil, 0, 6)
	return b
}

// externalFolder returns a folder with files that seeds name as their external data.
func externalFolder(tb testing.TB) string {
	dir := tb.TempDir()
	for name, data := range map[string][]byte{"w": six(1), "ext.bin": append(six(1), six(7)...)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// FuzzImport is the whole import:
//
//	go test -run '^$' -fuzz FuzzImport -fuzztime 60s ./onnxio
func FuzzImport(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	dir := externalFolder(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkImport(t, data, dir) })
}

// TestMutations imports seeds that were mutated, as many as ONNXIO_MUTATIONS says:
//
//	ONNXIO_MUTATIONS=1000000 go test -run TestMutations -v -timeout 0 ./onnxio
func TestMutations(t *testing.T) {
	count := 10_000
	if s := os.Getenv("ONNXIO_MUTATIONS"); s != "" {
		var err error
		if count, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seeds, dir := seeds(t), externalFolder(t)
	m := mutator{rand.New(rand.NewPCG(1, 2)), seeds}
	loaded := 0
	for range count {
		if checkImport(t, m.mutate(), dir) {
			loaded++
		}
	}
	t.Logf("%d of %d mutated models load, the others are refused; no panic", loaded, count)
	if loaded < count/100 {
		t.Errorf("only %d of %d load: the mutations destroy too much to test anything", loaded, count)
	}
}

// mutator changes models, as bytes or as the trees of fields they encode.
type mutator struct {
	*rand.Rand
	seeds [][]byte
}

func (m *mutator) seed() []byte { return m.seeds[m.IntN(len(m.seeds))] }

func (m *mutator) mutate() []byte {
	data := bytes.Clone(m.seed())
	for range 1 + m.IntN(4) {
		if tree, ok := parse(data, "model"); ok && m.IntN(3) > 0 {
			m.mutateTree(tree)
			data = tree.encode()
		} else {
			data = m.mutateBytes(data)
		}
	}
	return data
}

// mutateBytes changes, inserts, removes or copies bytes.
func (m *mutator) mutateBytes(data []byte) []byte {
	if len(data) == 0 {
		return []byte{byte(m.Uint32())}
	}
	at := m.IntN(len(data))
	to := min(len(data), at+1+m.IntN(16))
	switch m.IntN(6) {
	case 0:
		data[at] ^= 1 << m.IntN(8)
	case 1:
		data[at] = byte(m.Uint32())
	case 2:
		data = append(data[:at:at], data[to:]...)
	case 3:
		data = append(data[:at:at], append([]byte{byte(m.Uint32())}, data[at:]...)...)
	case 4:
		data = append(data[:at:at], append(bytes.Clone(data[at:to]), data[at:]...)...)
	case 5:
		data = data[:at]
	}
	return data
}

// mutateTree removes, doubles or changes one field, or brings one of the same message from another seed.
func (m *mutator) mutateTree(t *tree) {
	var all []*tree
	t.walk(func(t *tree) { all = append(all, t) })
	at := all[m.IntN(len(all))]
	if len(at.fields) == 0 {
		return
	}
	i := m.IntN(len(at.fields))
	switch f := at.fields[i]; m.IntN(5) {
	case 0:
		at.fields = append(at.fields[:i:i], at.fields[i+1:]...)
	case 1:
		at.fields = append(at.fields, f)
	case 2:
		j := m.IntN(len(at.fields))
		at.fields[i], at.fields[j] = at.fields[j], f
	case 3:
		f.num = protowire.Number(1 + m.IntN(22))
		at.fields[i] = f
	case 4:
		if f.sub == nil {
			f.value = m.value(f)
			at.fields[i] = f
		} else if other, ok := parse(m.seed(), "model"); ok {
			other.walk(func(o *tree) {
				if o.kind == f.sub.kind && m.IntN(2) == 0 {
					f.sub = o
				}
			})
			at.fields[i] = f
		}
	}
}

// value returns another value for a field.
func (m *mutator) value(f treeField) []byte {
	if f.typ == protowire.VarintType {
		v := []uint64{0, 1, 2, 3, 7, 1 << 7, 1<<31 - 1, 1 << 31, 1 << 32, 1<<62 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1, m.Uint64() >> m.IntN(64)}
		return protowire.AppendVarint(nil, v[m.IntN(len(v))])
	}
	if f.typ == protowire.BytesType {
		_, n := protowire.ConsumeVarint(f.value)
		b := f.value[n:]
		names := [][]byte{nil, []byte("x"), []byte("y"), []byte("W"), []byte("h"), append(bytes.Clone(b), b...), b[:len(b)/2]}
		return protowire.AppendBytes(nil, names[m.IntN(len(names))])
	}
	return f.value
}

// tree is a message as a list of fields.
type tree struct {
	kind   string
	fields []treeField
}

// treeField is a field of which either sub or value, its encoding without the tag, is set.
type treeField struct {
	num   protowire.Number
	typ   protowire.Type
	value []byte
	sub   *tree
}

// nested says which fields of a message of some kind are messages, and of what kind.
var nested = map[string]map[protowire.Number]string{
	"model":       {modelGraph: "graph", modelOpsetImport: "opset", modelMetadataProps: "entry"},
	"graph":       {graphNode: "node", graphInitializer: "tensor", graphInput: "value", graphOutput: "value", graphValueInfo: "value"},
	"node":        {nodeAttribute: "attribute"},
	"attribute":   {attributeT: "tensor"},
	"value":       {valueType: "type"},
	"type":        {typeTensor: "tensor type"},
	"tensor type": {tensorTypeShape: "shape"},
	"shape":       {shapeDim: "dim"},
	"tensor":      {tensorExternalData: "entry"},
}

// parse returns the fields of a message, or false where it is malformed.
func parse(data []byte, kind string) (*tree, bool) {
	t := &tree{kind: kind}
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil, false
		}
		m := protowire.ConsumeFieldValue(num, typ, data[n:])
		if m < 0 {
			return nil, false
		}
		f := treeField{num: num, typ: typ, value: data[n : n+m]}
		if sub := nested[kind][num]; sub != "" && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(f.value)
			f.sub, _ = parse(body, sub)
		}
		t.fields = append(t.fields, f)
		data = data[n+m:]
	}
	return t, true
}

func (t *tree) encode() (data []byte) {
	for _, f := range t.fields {
		data = protowire.AppendTag(data, f.num, f.typ)
		if f.sub != nil {
			data = protowire.AppendBytes(data, f.sub.encode())
		} else {
			data = append(data, f.value...)
		}
	}
	return data
}

// walk calls f for the message and all below it.
func (t *tree) walk(f func(t *tree)) {
	f(t)
	for _, field := range t.fields {
		if field.sub != nil {
			field.sub.walk(f)
		}
	}
}
