package graph

import (
	"fmt"
	"math"
	"strings"
)

// Size is one dimension, or one integer of an exporter's shape arithmetic: Fixed + PerSample*batch.
type Size struct {
	Fixed     int `json:"fixed"`
	PerSample int `json:"perSample"`
}

func fixed(n int) Size { return Size{Fixed: n} }

// At is the size at a batch of n samples.
func (s Size) At(n int) int { return s.Fixed + s.PerSample*n }

// String writes 28, batch, 49*batch or 1+2*batch.
func (s Size) String() string {
	if s.PerSample == 0 {
		return fmt.Sprint(s.Fixed)
	}
	text := "batch"
	if s.PerSample != 1 {
		text = fmt.Sprintf("%d*batch", s.PerSample)
	}
	if s.Fixed != 0 {
		text = fmt.Sprintf("%d+%s", s.Fixed, text)
	}
	return text
}

func (s Size) plus(t Size) Size  { return Size{s.Fixed + t.Fixed, s.PerSample + t.PerSample} }
func (s Size) minus(t Size) Size { return Size{s.Fixed - t.Fixed, s.PerSample - t.PerSample} }

func (s Size) times(t Size) (Size, error) {
	if s.PerSample != 0 {
		s, t = t, s
	}
	switch {
	case s.PerSample != 0:
		return Size{}, fmt.Errorf("(%v)*(%v) is not linear in the batch size", s, t)
	case s.Fixed != 0 && max(abs(t.Fixed), abs(t.PerSample)) > math.MaxInt/abs(s.Fixed):
		return Size{}, fmt.Errorf("(%v)*(%v) is too large", s, t)
	}
	return Size{s.Fixed * t.Fixed, s.Fixed * t.PerSample}, nil
}

// equalAtSomeBatch says whether two different sizes are equal at one batch size.
func (s Size) equalAtSomeBatch(t Size) bool {
	d := s.minus(t)
	return d.PerSample != 0 && d.Fixed%d.PerSample == 0 && -d.Fixed/d.PerSample >= 1
}

func abs(n int) int { return max(n, -n) }

// over divides as ONNX does integers, towards zero; with a batch in it the division must come out even.
func (s Size) over(t Size) (Size, error) {
	switch {
	case t == Size{}:
		return Size{}, fmt.Errorf("division of %v by zero", s)
	case s.PerSample == 0 && t.PerSample == 0:
		return fixed(s.Fixed / t.Fixed), nil
	case t.PerSample == 0 && s.Fixed%t.Fixed == 0 && s.PerSample%t.Fixed == 0:
		return Size{s.Fixed / t.Fixed, s.PerSample / t.Fixed}, nil
	case t.PerSample != 0 && s.PerSample%t.PerSample == 0:
		if q := s.PerSample / t.PerSample; s.Fixed == q*t.Fixed {
			return fixed(q), nil
		}
	}
	return Size{}, fmt.Errorf("(%v)/(%v) is not linear in the batch size", s, t)
}

// Shape is the shape of a value, its batch open.
type Shape []Size

// At is the shape at a batch of n samples.
func (s Shape) At(n int) []int {
	out := make([]int, len(s))
	for i, d := range s {
		out[i] = d.At(n)
	}
	return out
}

// String writes [batch, 1, 28, 28].
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (s Shape) equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// count is the number of elements.
func (s Shape) count() (Size, error) {
	n := fixed(1)
	for _, d := range s {
		var err error
		if n, err = n.times(d); err != nil {
			return Size{}, fmt.Errorf("shape %v: %w", s, err)
		}
	}
	return n, nil
}

func fixedShape(dims []int) Shape {
	s := make(Shape, len(dims))
	for i, d := range dims {
		s[i] = fixed(d)
	}
	return s
}

// broadcast is the shape of an elementwise operation (ONNX: multidirectional broadcasting).
func broadcast(a, b Shape) (Shape, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append(Shape{}, a...)
	skip := len(a) - len(b)
	for i, d := range b {
		switch e := a[skip+i]; {
		case d == e || d == fixed(1):
		case e == fixed(1):
			out[skip+i] = d
		default:
			return nil, fmt.Errorf("shapes %v and %v do not broadcast", a, b)
		}
	}
	return out, nil
}

// axisOf resolves an axis that may count from the end.
func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is out of range for %d dimensions", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

const (
	// maxElements bounds the elements of a value, for one sample, some twenty times what image classifiers need: a model
	// that asks for more is broken or malicious. maxTotal bounds those of all values together.
	maxElements = 1 << 26
	maxTotal    = 1 << 27
	// maxKnown bounds the elements of all values that are worked out before the network runs.
	maxKnown = 1 << 22
	// maxNumber bounds the numbers in attributes, so that their sums and products cannot overflow.
	maxNumber = 1 << 31
)

// bounded says whether a value of the shape can be held.
func (s Shape) bounded() error {
	for _, d := range s {
		if d.Fixed < 0 || d.PerSample < 0 {
			return fmt.Errorf("shape %v has a negative dimension", s)
		}
	}
	n, err := s.count()
	if err != nil {
		return err
	}
	if n.Fixed > maxElements || n.PerSample > maxElements {
		return fmt.Errorf("shape %v has more than %d elements a sample", s, maxElements)
	}
	return nil
}

// sane says whether numbers from the file are small enough to compute with.
func sane(what string, numbers []int) error {
	for _, n := range numbers {
		if n > maxNumber || n < -maxNumber {
			return fmt.Errorf("%s %v are out of range", what, numbers)
		}
	}
	return nil
}
