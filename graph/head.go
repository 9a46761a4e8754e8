package graph

import "strings"

// headOf looks for a head at the end of a value and gives the value before it: a softmax, its logarithm, a sigmoid or the
// choice of the largest, also under functions that rise with a probability.
func headOf(v *value) (*value, *step) {
	for v.step != nil {
		s := v.step
		switch o := s.op.(type) {
		case reshape:
			v = s.inputs[0]
			continue
		case softmax:
			return s.inputs[0], s
		case concat:
			return headOfPair(s)
		case reduction:
			if o.f == reduceArgMax {
				return s.inputs[0], s
			}
		case unary:
			if o.name == "Sigmoid" {
				return s.inputs[0], s
			}
			return headUnder(o.name, s.inputs[0])
		case binary:
			return headOfShifted(o.f, s)
		}
		return nil, nil
	}
	return nil, nil
}

// probabilities says whether a head gives probabilities, or their logarithms.
func probabilities(head *step) (log, ok bool) {
	if head == nil {
		return false, false
	}
	switch o := head.op.(type) {
	case softmax:
		return o.log, true
	case unary:
		return false, true
	}
	return false, false
}

// headUnder is the head under a function of one number: the logarithm of probabilities, the exponential of their logarithms,
// and either of them held between bounds.
func headUnder(function string, v *value) (*value, *step) {
	below, head := headOf(v)
	log, ok := probabilities(head)
	switch {
	case ok && strings.HasPrefix(function, "Clip"), ok && function == "Guard":
	case ok && function == "Log" && !log, ok && function == "Exp" && log:
	default:
		return nil, nil
	}
	return below, head
}

// headOfShifted is the head under a sum with a number or a product with a positive one, as a guard of a logarithm is.
func headOfShifted(f binaryFunc, s *step) (*value, *step) {
	for i, v := range s.inputs {
		n, single := singleNumber(s.inputs[1-i])
		if !single || f != add && !(f == mul && n > 0) {
			continue
		}
		below, head := headOf(v)
		if _, ok := probabilities(head); ok {
			return below, head
		}
	}
	return nil, nil
}

// headOfPair is the sigmoid p under [1-p, p], the probabilities of the two classes of a binary classifier.
func headOfPair(s *step) (*value, *step) {
	if len(s.inputs) != 2 || s.inputs[0].step == nil {
		return nil, nil
	}
	p, complement := s.inputs[1], s.inputs[0].step
	if b, ok := complement.op.(binary); !ok || b.f != sub || complement.inputs[1] != p || !isOnes(complement.inputs[0]) {
		return nil, nil
	}
	below, head := headOf(p)
	if head == nil {
		return nil, nil
	}
	if u, ok := head.op.(unary); !ok || u.name != "Sigmoid" {
		return nil, nil
	}
	return below, head
}

// isOnes: what a head computes with is no parameter, however it is stored.
func isOnes(v *value) bool {
	return v.constant() && !v.isInteger() && !anyOther(v.numbers().data, 1)
}
