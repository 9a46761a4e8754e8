package graph

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/graph/engine"
)

// batchNorm is BatchNormalization of x by scale, bias, mean and variance, a number a channel each: at inference
// y = scale (x - mean)/sqrt(variance + epsilon) + bias. In training the statistics are the batch's, and the given ones
// move towards them.
type batchNorm struct {
	epsilon float64
	// momentum is the share that running statistics keep of themselves in training.
	momentum float64
}

// The operands of a batchNorm.
const (
	normInput = iota
	normScale
	normBias
	normMean
	normVariance
)

func (batchNorm) infer(in []Shape) (Shape, error) {
	x := in[normInput]
	if len(x) < 2 {
		return nil, fmt.Errorf("input of shape %v has no channels", x)
	}
	for i, s := range in[1:] {
		if !s.equal(x[1:2]) {
			return nil, fmt.Errorf("operand %d has shape %v for input shape %v", i+1, s, x)
		}
	}
	return x, nil
}

// affine gives the factor and offset of each channel, as numbers that are known before the network runs.
func (o batchNorm) affine(in []*value) (factor, offset []float64) {
	var n [5][]float64
	for i := normScale; i <= normVariance; i++ {
		n[i] = in[i].numbers().data
	}
	factor, offset = make([]float64, len(n[normScale])), make([]float64, len(n[normScale]))
	for c := range factor {
		factor[c] = n[normScale][c] / math.Sqrt(n[normVariance][c]+o.epsilon)
		offset[c] = n[normBias][c] - factor[c]*n[normMean][c]
	}
	return factor, offset
}

// each visits the product and the sum that a batchNorm step amounts to, each with the value that it reads.
func (o batchNorm) each(s *step, visit func(*step, *value) error) error {
	factor, offset := o.affine(s.inputs)
	shape := slices.Repeat([]int{1}, len(s.output.shape)-1)
	shape[0] = len(factor)
	scaled := &value{name: s.output.name, shape: s.output.shape, rows: s.output.rows, weighted: true}
	product := &step{binary{mul}, []*value{s.inputs[normInput], known(s.inputs[normScale].name, array[float64]{shape, factor})}, scaled, s.node}
	scaled.step = product
	if err := visit(product, s.inputs[normInput]); err != nil {
		return err
	}
	sum := &step{binary{add}, []*value{scaled, known(s.inputs[normBias].name, array[float64]{shape, offset})}, s.output, s.node}
	return visit(sum, scaled)
}

func (batchNorm) carry(i int, from along, _ []*value, _ Shape) (along, bool) {
	return from, i == normInput && from.axis != 1
}

// degree: the factor is held fixed, so that the offset, and with it bias and mean, must scale as the operand does.
func (o batchNorm) degree(s *scaling, st *step) degree {
	x := s.operand(st.inputs[normInput], st)
	s.operand(st.inputs[normScale], st)
	bias := s.operand(st.inputs[normBias], st)
	if mean := st.inputs[normMean].param; mean != nil {
		s.followers[st.inputs[normBias].param] = append(s.followers[st.inputs[normBias].param], mean)
	}
	if _, offset := o.affine(st.inputs); !anyOther(offset, 0) {
		return x
	}
	if p := st.inputs[normBias]; bias.zero && p.param != nil { // the offset is the mean's alone
		bias = degree{terms: map[int]float64{s.variable(p, st): 1}}
	}
	return s.join(st, []degree{x, bias})
}

func (o batchNorm) kernels() kernels {
	return kernels{normalizeAt[float32](o), normalizeAt[float64](o)}
}

// normalizing computes a batchNorm, plane by plane: the part of a sample that belongs to a channel.
type normalizing[T engine.Float] struct {
	*site[T]
	o                        batchNorm
	samples, channels, plane int
	// mean and deviation are the statistics that forward used.
	mean, deviation []float64
	// sums are, for each plane, those of g and of g x; totals are, for each channel, those of g and of g z, where
	// z = (x - mean)/deviation.
	sums, totals [][2]float64
}

func normalizeAt[T engine.Float](o batchNorm) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		x := s.out.shape
		return &normalizing[T]{
			site: s, o: o, samples: x[0], channels: x[1], plane: volume(x[2:]),
			mean: make([]float64, x[1]), deviation: make([]float64, x[1]),
		}
	}
}

func (n *normalizing[T]) retains(i int) bool {
	switch i {
	case normInput:
		return n.training || n.in[normScale].wanted
	case result:
		return false
	}
	return true
}

// eachPlane visits plane i of a channel, elements [lo, hi), sample by sample, so that a thread visits those that it has
// computed before.
func (n *normalizing[T]) eachPlane(visit func(l *lane[T], i, channel, lo, hi int)) {
	n.crew.split(n.samples*n.channels, max(1, worthwhile/2/n.plane), func(l *lane[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			visit(l, i, i%n.channels, i*n.plane, (i+1)*n.plane)
		}
	})
}

// findStatistics finds what the channels are normalised by: in training it reads all of them, on all threads.
func (n *normalizing[T]) findStatistics() {
	grain := n.channels
	if n.training {
		grain = max(1, worthwhile/2/(n.samples*n.plane))
	}
	n.crew.split(n.channels, grain, func(_ *lane[T], lo, hi int) {
		for c := lo; c < hi; c++ {
			n.statistics(c)
		}
	})
}

// planes visits a channel's.
func (n *normalizing[T]) planes(channel int, visit func(lo, hi int)) {
	for s := range n.samples {
		at := (s*n.channels + channel) * n.plane
		visit(at, at+n.plane)
	}
}

func (n *normalizing[T]) forward() {
	n.findStatistics()
	x, y := n.in[normInput].data, n.out.data
	n.eachPlane(func(l *lane[T], _, c, lo, hi int) {
		factor := n.factor(c)
		offset := float64(n.in[normBias].data[c]) - factor*n.mean[c]
		l.engine.Affine(y[lo:hi], x[lo:hi], T(factor), T(offset))
	})
}

// factor is what a channel is multiplied by.
func (n *normalizing[T]) factor(channel int) float64 {
	return float64(n.in[normScale].data[channel]) / n.deviation[channel]
}

// statistics finds what a channel is normalised by.
func (n *normalizing[T]) statistics(c int) {
	mean, variance := float64(n.in[normMean].data[c]), float64(n.in[normVariance].data[c])
	if n.training {
		running := n.in[normMean].data
		mean, variance = n.moments(c)
		keep, count := n.o.momentum, float64(n.samples*n.plane)
		running[c] = T(keep*float64(running[c]) + (1-keep)*mean)
		running = n.in[normVariance].data
		running[c] = T(keep*float64(running[c]) + (1-keep)*variance*count/max(count-1, 1))
	}
	n.mean[c], n.deviation[c] = mean, math.Sqrt(variance+n.o.epsilon)
}

func (n *normalizing[T]) moments(c int) (mean, variance float64) {
	x, count := n.in[normInput].data, float64(n.samples*n.plane)
	n.planes(c, func(lo, hi int) {
		for _, v := range x[lo:hi] {
			mean += float64(v)
		}
	})
	mean /= count
	n.planes(c, func(lo, hi int) {
		for _, v := range x[lo:hi] {
			variance += (float64(v) - mean) * (float64(v) - mean)
		}
	})
	return mean, variance / count
}

// reverse: with z = (x - mean)/deviation, the gradients of bias and scale are the sums of g and of g z, and that of x is
// scale/deviation g, in training less what the statistics take of it (Ioffe and Szegedy 2015, section 3).
func (n *normalizing[T]) reverse() {
	scale, bias := n.in[normScale], n.in[normBias]
	summed := scale.wanted || bias.wanted || n.training
	var reverseInput func(l *lane[T], channel, lo, hi int)
	if n.in[normInput].wanted {
		reverseInput = n.inputReverser()
	}
	if summed && n.sums == nil {
		n.sums, n.totals = make([][2]float64, n.samples*n.channels), make([][2]float64, n.channels)
	}
	n.eachPlane(func(l *lane[T], i, c, lo, hi int) {
		if summed {
			n.sums[i] = n.sum(l, lo, hi)
		}
		if reverseInput != nil && !n.training { // while g is in the cache
			reverseInput(l, c, lo, hi)
		}
	})
	if summed {
		n.addSums()
	}
	if reverseInput != nil && n.training {
		n.eachPlane(func(l *lane[T], _, c, lo, hi int) { reverseInput(l, c, lo, hi) })
	}
	n.addTotals(bias, 0)
	n.addTotals(scale, 1)
}

// addTotals adds the totals of one kind to the gradient of a parameter.
func (n *normalizing[T]) addTotals(p *operand[T], kind int) {
	if !p.wanted {
		return
	}
	grad := p.gradient()
	for c, t := range n.totals {
		grad[c] += T(t[kind])
	}
}

// sum is that of g and of g x over a plane.
func (n *normalizing[T]) sum(l *lane[T], lo, hi int) (sums [2]float64) {
	g := n.out.grad[lo:hi]
	sums[0] = l.engine.Sum(g)
	if n.training || n.in[normScale].wanted {
		sums[1] = l.engine.Dot(g, n.in[normInput].data[lo:hi])
	}
	return sums
}

// addSums adds the planes' sums, in the samples' order.
func (n *normalizing[T]) addSums() {
	clear(n.totals)
	for i, s := range n.sums {
		t := &n.totals[i%n.channels]
		t[0], t[1] = t[0]+s[0], t[1]+s[1]
	}
	for c := range n.totals {
		t := &n.totals[c]
		t[1] = (t[1] - n.mean[c]*t[0]) / n.deviation[c]
	}
}

// inputReverser gives what computes the gradient by elements [lo, hi) of the input, from the totals in training.
func (n *normalizing[T]) inputReverser() func(l *lane[T], channel, lo, hi int) {
	x, g := n.in[normInput].data, n.out.grad
	grad, beta := n.in[normInput].accumulate()
	return func(l *lane[T], c, lo, hi int) {
		factor := n.factor(c)
		slope, offset := T(0), T(0)
		if n.training {
			count := float64(n.samples * n.plane)
			slope = T(-factor * n.totals[c][1] / (count * n.deviation[c]))
			offset = T(-factor*n.totals[c][0]/count) - slope*T(n.mean[c])
		}
		l.accumulate(grad[lo:hi], beta, func(part []T, from, to int) {
			l.engine.Affine(part, g[lo+from:lo+to], T(factor), offset)
			if n.training {
				l.engine.Axpy(part, slope, x[lo+from:lo+to])
			}
		})
	}
}

// batchNormalization has constant statistics, by which it normalises at inference.
func batchNormalization(k *call) ([]*value, error) {
	if err := k.required(5); err != nil {
		return nil, err
	}
	if k.opset >= 14 && k.intAttr("training_mode", 0) != 0 || k.opset < 7 && k.intAttr("is_test", 0) == 0 && len(k.Outputs) > 1 {
		k.c.note("BatchNormalization node %q was exported in training mode; its running statistics are used, as at inference", nodeName(k.Node))
	}
	in := slices.Clone(k.in[:5])
	for i, v := range in[1:] {
		switch {
		case !v.constant():
			return nil, refuse("export the model in evaluation mode", "operand %d (%q) is not a constant", i+1, v.name)
		case v.isInteger():
			return nil, fmt.Errorf("operand %d (%q) holds integers", i+1, v.name)
		}
	}
	in[normScale] = heldFixed(in[normScale]) // it counts with the weight that it is folded into
	return k.one(batchNorm{k.floatAttr("epsilon", 1e-5), k.floatAttr("momentum", 0.9)}, in...)
}

// heldFixed is a parameter whose scale counts with another's.
func heldFixed(v *value) *value {
	if v.param == nil {
		return v
	}
	held := *v
	held.fixed = true
	return &held
}

// layerNormalization lowers to its definition: the mean and variance of all axes from the given one on.
func layerNormalization(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	axis, err := axisOf(k.intAttr("axis", -1), len(k.in[0].shape))
	if err != nil {
		return nil, err
	}
	y, err := k.standardized(k.in[0], axis)
	if err != nil {
		return nil, err
	}
	return k.scaledAndShifted(y, k.in[1], k.input(2))
}

// instanceNormalization standardises each channel of each sample.
func instanceNormalization(k *call) ([]*value, error) {
	if err := k.required(3); err != nil {
		return nil, err
	}
	rank := len(k.in[0].shape)
	if rank < 3 {
		return nil, fmt.Errorf("input of shape %v has no spatial axes", k.in[0].shape)
	}
	y, err := k.standardized(k.in[0], 2)
	if err != nil {
		return nil, err
	}
	var channels [2]*value
	for i := range channels {
		if channels[i], err = k.alongChannels(k.in[i+1], rank); err != nil {
			return nil, err
		}
	}
	return k.scaledAndShifted(y, channels[0], channels[1])
}

// standardized subtracts the mean over the axes from the given one on and divides by the standard deviation.
func (k *call) standardized(x *value, axis int) (*value, error) {
	var axes []int
	for i := axis; i < len(x.shape); i++ {
		axes = append(axes, i)
	}
	mean, err := k.apply(reduction{reduceMean, axes, true}, x)
	if err != nil {
		return nil, err
	}
	centred, err := k.apply(binary{sub}, x, mean)
	if err != nil {
		return nil, err
	}
	square, err := k.apply(binary{mul}, centred, centred)
	if err != nil {
		return nil, err
	}
	variance, err := k.apply(reduction{reduceMean, axes, true}, square)
	if err != nil {
		return nil, err
	}
	if variance, err = k.apply(binary{add}, variance, number(k.floatAttr("epsilon", 1e-5))); err != nil {
		return nil, err
	}
	deviation, err := k.apply(unary{name: "Sqrt", function: functions["Sqrt"]}, variance)
	if err != nil {
		return nil, err
	}
	return k.apply(binary{div}, centred, deviation)
}

func (k *call) scaledAndShifted(x, scale, shift *value) ([]*value, error) {
	y, err := k.apply(binary{mul}, x, scale)
	if err != nil || shift == nil {
		return []*value{y}, err
	}
	return k.one(binary{add}, y, shift)
}
