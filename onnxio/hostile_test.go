package onnxio

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// refusals are the files of hostile/refuse and what their errors must say.
var refusals = map[string]string{
	"attr_graph_if":                 `attribute "else_branch": it holds a graph`,
	"attr_ref_attr_name":            `attribute "alpha": it refers to an attribute of an enclosing function`,
	"dims_missing_data_many":        `initializer "W": raw_data has 48 bytes, but float32 of shape [] needs 4`,
	"dtype_float8e4m3fn_17":         `initializer "W": its element type float8e4m3fn is not supported`,
	"dtype_unknown_99":              `initializer "W": its element type 99 does not exist`,
	"dup_output_two_producers":      `output "y" is defined twice`,
	"edges_10000x10000":             `10000 inputs and 10000 outputs`,
	"empty_file":                    `the file is empty`,
	"external_data_path_traversal":  `external data "../../../etc/passwd": the location must be a clean path`,
	"function_local":                `functions of its own`,
	"graph_twice_merges":            `several graphs`,
	"group_wire_type":               `protobuf group`,
	"init_dims_int32_trunc":         `initializer "W": dimension 0 is 4294967299`,
	"init_huge_dims":                `initializer "W": dimension 0 is 1125899906842624`,
	"init_neg_dim":                  `initializer "W": dimension 0 is -3`,
	"init_overflow_dims_wrap_to_12": `initializer "W": dimension 1 is 9223372036854775807`,
	"nested_graph_depth_1000":       `it holds a graph`,
	"no_data":                       `initializer "W": it has no data`,
	"no_outputs":                    `the graph has no outputs`,
	"raw_and_typed_both":            `initializer "W": it has data in both float_data and raw_data`,
	"raw_not_multiple_of_4":         `initializer "W": raw_data has 47 bytes`,
	"raw_too_short":                 `initializer "W": raw_data has 44 bytes`,
	"segment":                       `initializer "W": it is a segment`,
	"self_loop":                     `cycle`,
	"sparse_initializer":            `sparse_initializer`,
	"string_init":                   `initializer "W": its element type string is not supported`,
	"text_file":                     `not an ONNX model`,
	"undefined_input_name":          `it reads "nowhere", which no node, input or initializer defines`,
	"value_info_8k_x_1MiB_amplify":  `ir_version is 0`,
	"zero_outputs":                  `it has no outputs`,
}

func TestHostileRefused(t *testing.T) {
	for _, path := range corpus(t, "hostile/refuse") {
		_, err := ReadFile(t.Context(), path, Options{})
		want := refusals[strings.TrimSuffix(filepath.Base(path), ".onnx")]
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: got %v, want an error that names the file and says %q", path, err, want)
		}
	}
}

func TestHostileLoads(t *testing.T) {
	for _, path := range corpus(t, "hostile/load") {
		if _, err := ReadFile(t.Context(), path, Options{}); err != nil {
			t.Error(err)
		}
	}
}

// TestHostileDoesNotPanic reads files that make onnx-go panic.
func TestHostileDoesNotPanic(t *testing.T) {
	for _, path := range corpus(t, "hostile/panics") {
		_, err := ReadFile(t.Context(), path, Options{})
		if err != nil && strings.Contains(err.Error(), "onnx-go") {
			t.Errorf("the preflight let %v", err)
		}
	}
}

// What follows builds models field by field, so that they can be wrong in one place each.

// build returns the bytes of a message of which f writes the fields.
func build(f func(e *message)) []byte {
	e := &message{}
	f(e)
	if len(e.parts) == 0 {
		return nil
	}
	return e.parts[0].bytes
}

// sub writes a nested message.
func (e *message) sub(num protowire.Number, f func(e *message)) {
	e.string(num, string(build(f)))
}

// flaw adds fields to the end of the messages of sample it is named after; weight and dims write data and dimensions instead.
type flaw struct{ model, graph, node, attribute, weight, input, dims writer }

// writer writes fields of a message; nil writes none.
type writer func(e *message)

func (w writer) to(e *message) {
	if w != nil {
		w(e)
	}
}

// sample returns y = Relu(x W^T) with flaws.
func sample(f flaw) []byte {
	return build(func(e *message) {
		e.varint(modelIRVersion, 8)
		e.sub(modelOpsetImport, func(e *message) { e.varint(opsetVersion, 17) })
		e.sub(modelGraph, func(e *message) {
			e.text(graphName, "g")
			e.sub(graphNode, func(e *message) {
				e.string(nodeInput, "x")
				e.string(nodeInput, "W")
				e.string(nodeOutput, "h")
				e.string(nodeOpType, "Gemm")
				e.sub(nodeAttribute, func(e *message) {
					e.string(attributeName, "transB")
					e.varint(attributeI, 1)
					e.varint(attributeType, int64(KindInt))
					f.attribute.to(e)
				})
				f.node.to(e)
			})
			e.sub(graphNode, func(e *message) {
				e.string(nodeInput, "h")
				e.string(nodeOutput, "y")
				e.string(nodeOpType, "Relu")
			})
			e.sub(graphInitializer, func(e *message) {
				if f.dims != nil {
					f.dims(e)
				} else {
					e.varint(tensorDims, 2)
					e.varint(tensorDims, 3)
				}
				e.varint(tensorDataType, int64(Float32))
				e.string(tensorName, "W")
				if f.weight != nil {
					f.weight(e)
				} else {
					e.string(tensorRawData, strings.Repeat("\x00\x00\x80\x3f", 6))
				}
			})
			e.sub(graphInput, func(e *message) {
				e.string(valueName, "x")
				e.sub(valueType, func(e *message) {
					e.sub(typeTensor, func(e *message) { e.varint(tensorTypeElem, int64(Float32)) })
				})
				f.input.to(e)
			})
			e.sub(graphOutput, func(e *message) { e.string(valueName, "y") })
			f.graph.to(e)
		})
		f.model.to(e)
	})
}

func TestSampleLoads(t *testing.T) {
	m, err := Decode(t.Context(), sample(flaw{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Nodes) != 2 || len(m.Initializers) != 1 || m.Initializers[0].Float32s[5] != 1 {
		t.Errorf("read %+v", m)
	}
}

func external(entries ...string) writer {
	return func(e *message) {
		e.varint(tensorDataLocation, locationExternal)
		for i := 0; i < len(entries); i += 2 {
			e.sub(tensorExternalData, func(e *message) {
				e.string(entryKey, entries[i])
				e.string(entryValue, entries[i+1])
			})
		}
	}
}

func weightOf(dtype DType, write func(e *message)) writer {
	return func(e *message) {
		e.varint(tensorDataType, int64(dtype))
		write(e)
	}
}

func node(op string, inputs, outputs []string) writer {
	return func(e *message) {
		e.sub(graphNode, func(e *message) {
			for _, s := range inputs {
				e.string(nodeInput, s)
			}
			for _, s := range outputs {
				e.string(nodeOutput, s)
			}
			e.text(nodeOpType, op)
		})
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		flaw flaw
		want string
	}{
		"wire type": {flaw{model: func(e *message) { e.string(modelIRVersion, "8") }},
			"field 1 has wire type 2 instead of 0"},
		"truncated": {flaw{model: func(e *message) { e.length(modelDocString, 9) }},
			"field 6 claims 9 bytes where 0 are left"},
		"field number 0": {flaw{model: func(e *message) { e.varint(0, 1) }},
			"invalid field number"},
		"no ir_version": {flaw{model: func(e *message) { e.varint(modelIRVersion, 0) }},
			"ir_version is 0"},
		"opset 0": {flaw{model: func(e *message) {
			e.sub(modelOpsetImport, func(e *message) { e.string(opsetDomain, "d") })
		}}, `opset version of domain "d" is 0`},
		"unknown domain": {flaw{node: func(e *message) { e.string(nodeDomain, "d") }},
			`node 0: Gemm of "h": its operator is of domain "d", for which no opset is imported`},
		"no operator": {flaw{graph: node("", []string{"x"}, []string{"z"})},
			`node 2: no operator of "z": it names no operator`},
		"no outputs": {flaw{graph: node("Relu", []string{"x"}, []string{""})},
			`node 2: Relu: it has no outputs`},
		"two producers": {flaw{graph: node("Relu", []string{"x"}, []string{"h"})},
			`node 2: Relu of "h": output "h" is defined twice`},
		"output is an initializer": {flaw{graph: node("Relu", []string{"x"}, []string{"W"})},
			`output "W" is defined twice`},
		"initializer twice": {flaw{graph: func(e *message) {
			e.sub(graphInitializer, func(e *message) {
				e.varint(tensorDataType, 1)
				e.string(tensorName, "W")
				e.string(tensorRawData, "1234")
			})
		}}, `initializer "W" is defined twice`},
		"input twice": {flaw{graph: func(e *message) {
			e.sub(graphInput, func(e *message) { e.string(valueName, "x") })
		}}, `input "x" is defined twice`},
		"input of an initializer twice": {flaw{graph: func(e *message) {
			e.sub(graphInput, func(e *message) { e.string(valueName, "W") })
			e.sub(graphInput, func(e *message) { e.string(valueName, "W") })
		}}, `input "W" is listed twice`},
		"input without a name": {flaw{graph: func(e *message) { e.sub(graphInput, func(e *message) {}) }},
			"input has no name"},
		"input unlike its initializer": {flaw{graph: func(e *message) {
			e.sub(graphInput, func(e *message) {
				e.string(valueName, "W")
				e.sub(valueType, func(e *message) {
					e.sub(typeTensor, func(e *message) { e.varint(tensorTypeElem, int64(Float64)) })
				})
			})
		}}, `input "W" is declared as float64, but its initializer is float32`},
		"undefined output": {flaw{graph: func(e *message) {
			e.sub(graphOutput, func(e *message) { e.string(valueName, "z") })
		}}, `output "z" is not computed by any node`},
		"cycle": {flaw{graph: func(e *message) {
			node("Add", []string{"x", "q"}, []string{"p"})(e)
			node("Relu", []string{"p"}, []string{"q"})(e)
			node("Relu", []string{"q"}, []string{"r"})(e)
		}}, "depends on itself"},
		"name is not UTF-8": {flaw{graph: node("Relu", []string{"x"}, []string{"\xff"})},
			`the name "\xff" is not UTF-8`},
		"graph in a later attribute": {flaw{attribute: func(e *message) { e.sub(attributeG, func(*message) {}) }},
			`node 0: Gemm of "h": attribute "transB": it holds a graph`},
		"attribute twice": {flaw{node: func(e *message) {
			e.sub(nodeAttribute, func(e *message) {
				e.string(attributeName, "transB")
				e.varint(attributeI, 0)
			})
		}}, `attribute "transB" is there twice`},
		"attribute of another type": {flaw{attribute: func(e *message) { e.string(attributeS, "1") }},
			`its type is INT, but it holds STRING`},
		"attribute without type or value": {flaw{node: func(e *message) {
			e.sub(nodeAttribute, func(e *message) { e.string(attributeName, "a") })
		}}, `attribute "a": it has neither a type nor a value`},
		"attribute without a name": {flaw{node: func(e *message) {
			e.sub(nodeAttribute, func(e *message) { e.varint(attributeI, 0) })
		}}, `it has no name`},
		"attribute kind that wraps": {flaw{attribute: func(e *message) { e.varint(attributeType, 1<<32|int64(KindInt)) }},
			`its type 2147483647 (`},
		"attribute without its tensor": {flaw{node: func(e *message) {
			e.sub(nodeAttribute, func(e *message) {
				e.string(attributeName, "value")
				e.varint(attributeType, int64(KindTensor))
			})
		}}, `its tensor is missing`},
		"tensor of an attribute": {flaw{node: func(e *message) {
			e.sub(nodeAttribute, func(e *message) {
				e.string(attributeName, "value")
				e.sub(attributeT, func(e *message) {
					e.varint(tensorDims, 2)
					e.varint(tensorDataType, 1)
					e.string(tensorRawData, "1234")
				})
			})
		}}, `node 0: Gemm of "h": attribute "value": raw_data has 4 bytes, but float32 of shape [2] needs 8`},
		"two types": {flaw{input: func(e *message) { e.sub(valueType, func(*message) {}) }},
			`input "x": it has several types`},
		"element type that wraps": {flaw{weight: func(e *message) { e.varint(tensorDataType, 1<<32|1) }},
			`initializer "W": element type 4294967297 does not exist`},
		"too many dimensions": {flaw{dims: func(e *message) {
			for range 65 {
				e.varint(tensorDims, 1)
			}
		}}, `more than 64 dimensions`},
		"product wraps": {flaw{dims: func(e *message) {
			for range 4 {
				e.varint(tensorDims, 1<<16)
			}
		}}, `has more than 24 elements`},
		"data in another field": {flaw{weight: func(e *message) { e.string(tensorInt32Data, "\x01\x01\x01\x01\x01\x01") }},
			`its data is in int32_data, but float32 belongs in float_data or raw_data`},
		"too few typed elements": {flaw{weight: weightOf(Int64, func(e *message) { e.string(tensorInt64Data, "\xff\xff\xff\xff\xff\x01") })},
			`int64_data has 1 elements, but shape [2 3] needs 6`},
		"too many typed elements": {flaw{weight: weightOf(Int64, func(e *message) { e.string(tensorInt64Data, "\x01\x01\x01\x01\x01\x01\x01") })},
			`int64_data has 7 elements, but shape [2 3] needs 6`},
		"uint8 beyond its range": {flaw{weight: weightOf(Uint8, func(e *message) { e.string(tensorInt32Data, "\x01\x01\x01\x01\x01\x80\x02") })},
			`element 5 is 256, which uint8 cannot hold`},
		"float16 beyond its bits": {flaw{weight: weightOf(Float16, func(e *message) { e.string(tensorInt32Data, "\x01\x01\x01\x01\x01\x80\x80\x04") })},
			`element 5 is 65536, which is not the bits of a float16`},
		"packed floats cut short": {flaw{weight: func(e *message) { e.string(tensorFloatData, strings.Repeat("1", 23)) }},
			`unexpected EOF`},
		"unknown data_location": {flaw{weight: func(e *message) { e.varint(tensorDataLocation, 2) }},
			`its data_location 2 does not exist`},
		"external data from memory": {flaw{weight: external("location", "w.bin")},
			`external data "w.bin": no folder is known to read it from`},
		"external data without a location": {flaw{weight: external("offset", "0")},
			`its external_data has no location`},
		"external data with two locations": {flaw{weight: external("location", "a", "location", "b")},
			`the key "location" twice`},
		"negative offset": {flaw{weight: external("location", "a", "offset", "-4")},
			`offset of its external_data: "-4" is not a number of bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(t.Context(), sample(c.flaw), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestLenient reads what is odd, but means one thing only.
func TestLenient(t *testing.T) {
	floats := func(v float32) string { return string(protowire.AppendFixed32(nil, math.Float32bits(v))) }
	for name, c := range map[string]struct {
		flaw  flaw
		check func(m *Model) bool
	}{
		"unknown fields": {
			flaw{model: func(e *message) { e.varint(99, 1); e.varint(99, 2) }},
			func(m *Model) bool {
				return len(m.Ignored) == 1 && m.Ignored[0] == "field 99 of the model, which this reader does not know (2 times)"
			}},
		"nodes out of order": {
			flaw{graph: func(e *message) {
				node("Neg", []string{"b"}, []string{"c"})(e)
				node("Relu", []string{"x"}, []string{"b"})(e)
			}},
			func(m *Model) bool { return m.Nodes[2].Op == "Relu" && m.Nodes[3].Op == "Neg" }},
		"packed dimensions": {
			flaw{dims: func(e *message) { e.string(tensorDims, "\x02\x03") }},
			func(m *Model) bool { return m.Initializers[0].Shape[1] == 3 }},
		"packed and single floats": {
			flaw{weight: func(e *message) {
				e.string(tensorFloatData, floats(1)+floats(2))
				e.fixed32(tensorFloatData, 3)
				e.string(tensorFloatData, floats(4)+floats(5)+floats(6))
			}},
			func(m *Model) bool { return m.Initializers[0].Float32s[2] == 3 && m.Initializers[0].Float32s[5] == 6 }},
		"negative int32 in ten bytes": {
			flaw{dims: func(e *message) { e.varint(tensorDims, 1) }, weight: weightOf(Int8, func(e *message) { e.varint(tensorInt32Data, -5) })},
			func(m *Model) bool { return m.Initializers[0].Int64s[0] == -5 }},
		"greatest uint64": {
			flaw{dims: func(e *message) { e.varint(tensorDims, 1) }, weight: weightOf(Uint64, func(e *message) { e.varint(tensorUint64Data, -1) })},
			func(m *Model) bool { return uint64(m.Initializers[0].Int64s[0]) == math.MaxUint64 }},
		"int attribute of zero, left out": {
			flaw{node: func(e *message) {
				e.sub(nodeAttribute, func(e *message) {
					e.string(attributeName, "transA")
					e.varint(attributeType, int64(KindInt))
				})
			}},
			func(m *Model) bool { return m.Nodes[0].Attributes[1].Int == 0 }},
		"newer metadata": {
			flaw{node: func(e *message) {
				e.string(nodeOverload, "o")
				e.sub(nodeMetadataProps, func(e *message) {
					e.string(entryKey, "k")
					e.string(entryValue, "v")
				})
			}},
			func(m *Model) bool { return m.Nodes[0].Overload == "o" && m.Nodes[0].Metadata[0] == Property{"k", "v"} }},
		"last of two scalars": {
			flaw{model: func(e *message) { e.varint(modelIRVersion, 9) }},
			func(m *Model) bool { return m.IRVersion == 9 }},
		"alias of the standard domain": {
			flaw{node: func(e *message) { e.string(nodeDomain, "ai.onnx") }},
			func(m *Model) bool { return m.Nodes[0].Domain == "" }},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Decode(t.Context(), sample(c.flaw), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(m) {
				t.Errorf("read %+v", m)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	data := sample(flaw{})
	for name, opts := range map[string]Options{
		"Options.MaxBytes":       {MaxBytes: int64(len(data)) - 1},
		"Options.MaxTensorBytes": {MaxTensorBytes: 23},
	} {
		if _, err := Decode(t.Context(), data, opts); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: got %v, want an error about %s", opts, err, name)
		}
	}
	if _, err := Decode(t.Context(), data, Options{MaxBytes: int64(len(data)), MaxTensorBytes: 24}); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, sample(flaw{}), Options{}); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
