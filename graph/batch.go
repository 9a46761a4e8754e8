package graph

import (
	"cmp"
	"fmt"
	"math/bits"

	"unlearnguard/graph/engine"
	"unlearnguard/onnxio"
)

// mostBatch is the most samples that are computed together by default: products of more rows are no faster.
const mostBatch = 256

// cached are the bytes of values and gradients that a batch has at least. Where weights are larger, it has as many: a batch reads all
// of them, and several batches read them as often.
const cached = 8 << 20

// summedAt is how many times as large as the parameters a batch must be for it to have gradients by parameters of its own, which are
// written, read and added for each.
const summedAt = 8

func bytesOf[T engine.Float]() int { return int(dtypeOf[T]().Size()) }

// divide chooses the batch size and the streams, and refuses a network whose values would fill the memory with a single sample. What
// depends on the batch must not depend on the threads, but for the number of streams.
func (r *Runner[T]) divide() error {
	perSample := 1
	for _, s := range r.net.stepsTo(r.target) {
		if perSample += volume(s.output.shape.At(1)); perSample > maxTotal {
			return fmt.Errorf("the network holds more than %d numbers for a single sample", maxTotal)
		}
	}
	first := r.streams[0]
	planned := cmp.Or(r.net.batch.Fixed, r.opts.Batch, 1)
	program, err := newProgram(r.net, r.target, planned, r.opts, first.crew, first.parameters)
	if err != nil {
		return err
	}
	sample, memory := max(bytesOf[T]()*program.arena/planned, 1), cmp.Or(r.opts.Memory, 512<<20)
	r.batch = planned
	if planned == 1 && r.opts.Batch == 0 && r.net.batch.PerSample != 0 {
		r.batch = min(max(memory/sample, 1), mostBatch)
	}
	if r.separate = r.apart(sample); r.separate {
		err = r.addStreams(memory / (sample * r.batch))
	}
	if err == nil && r.batch == planned {
		first.graphs[planned], err = newExpression(program, r.opts)
	}
	return err
}

// apart says whether batches are computed by streams of their own, and makes the batch as small as is good for that. A sample takes so
// many bytes.
func (r *Runner[T]) apart(sample int) bool {
	weights := r.streams[0].parameters.bytes()
	switch {
	case r.opts.Training:
		return false
	case r.net.batch.PerSample == 0:
		return !r.opts.Parameters
	case r.opts.Parameters:
		weights *= summedAt
	}
	enough := (max(cached, weights) + sample - 1) / sample
	if r.opts.Parameters && enough >= r.batch {
		return false
	}
	r.batch = min(r.batch, enough)
	return true
}

// addStreams makes as many streams as there are threads, but no more than most.
func (r *Runner[T]) addStreams(most int) error {
	first := r.streams[0]
	for range min(len(first.crew.lanes), most) - 1 {
		s, err := newStream(1, first)
		if err != nil {
			return err
		}
		r.streams = append(r.streams, s)
	}
	if r.opts.Parameters {
		r.sums = map[*onnxio.Tensor][]T{}
		for _, t := range first.parameters.wanted() {
			r.sums[t] = make([]T, volume(t.Shape))
		}
	}
	return nil
}

// even is the size of the batches that so many samples are cut into: of one size but for the last, and a few are a power of two, which
// most numbers of streams divide or are divided by.
func (r *Runner[T]) even(samples int) int {
	batches := (samples + r.batch - 1) / r.batch
	if batches == 1 || r.net.batch.PerSample == 0 || !r.separate {
		return r.batch
	}
	const few = 8
	if batches < few {
		batches = 1 << bits.Len(uint(batches-1))
	}
	return (samples + batches - 1) / batches
}
