package onnxio

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a protobuf message in the making: its bytes, with the elements of tensors left where they are.
type message struct {
	parts []part
	size  int64
}

// part is bytes followed by the elements of a tensor, if there is one, and the bytes those take.
type part struct {
	bytes  []byte
	tensor *Tensor
	size   int64
}

// append adds bytes that f appends to those at the end of the message.
func (e *message) append(f func([]byte) []byte) {
	if n := len(e.parts); n == 0 || e.parts[n-1].tensor != nil {
		e.parts = append(e.parts, part{})
	}
	last := &e.parts[len(e.parts)-1]
	before := len(last.bytes)
	last.bytes = f(last.bytes)
	e.size += int64(len(last.bytes) - before)
}

// follow adds the elements of a tensor, which take size bytes, after what append added last.
func (e *message) follow(t *Tensor, size int64) {
	last := &e.parts[len(e.parts)-1]
	last.tensor, last.size = t, size
	e.size += size
}

func (e *message) varint(num protowire.Number, v int64) {
	e.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
	})
}

func (e *message) fixed32(num protowire.Number, v float32) {
	e.append(func(b []byte) []byte {
		return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(v))
	})
}

func (e *message) string(num protowire.Number, s string) {
	e.append(func(b []byte) []byte {
		return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	})
}

// text writes a string that may be left out.
func (e *message) text(num protowire.Number, s string) {
	if s != "" {
		e.string(num, s)
	}
}

func (e *message) length(num protowire.Number, n int64) {
	e.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
	})
}

func (e *message) message(num protowire.Number, sub *message) {
	e.length(num, sub.size)
	for _, p := range sub.parts {
		e.append(func(b []byte) []byte { return append(b, p.bytes...) })
		if p.tensor != nil {
			e.follow(p.tensor, p.size)
		}
	}
}

func (e *message) elements(num protowire.Number, t *Tensor, size int64) {
	e.length(num, size)
	e.follow(t, size)
}

func (e *message) properties(num protowire.Number, entries []Property) {
	for _, p := range entries {
		sub := &message{}
		sub.string(entryKey, p.Key)
		sub.string(entryValue, p.Value)
		e.message(num, sub)
	}
}
