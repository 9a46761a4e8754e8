package graph

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"unlearnguard/onnxio"
)

// Verdict says how the logits scale with the parameters.
type Verdict string

const (
	// Homogeneous: M(a theta; x) = a^L M(theta; x) for every a > 0 (Lyu and Li 2020).
	Homogeneous Verdict = "homogeneous"
	// QuasiHomogeneous: the same with an exponent of its own for each parameter (Kunin et al. 2022).
	QuasiHomogeneous Verdict = "quasi-homogeneous"
	// NotHomogeneous: no positive exponents make it so.
	NotHomogeneous Verdict = "not homogeneous"
)

// Homogeneity is how a network's logits scale with its parameters, as its structure tells: the exponents e_p, at least 1,
// for which multiplying each parameter p by a^(e_p) multiplies the logits by a^Degree.
type Homogeneity struct {
	Verdict Verdict `json:"verdict"`
	// Degree is L. For a network that is not homogeneous, it and the exponents are what they would be without the nodes
	// that break it.
	Degree float64 `json:"degree"`
	// Exponents are in order of the parameters' first use.
	Exponents []Exponent `json:"exponents"`
	// Findings are the nodes that break homogeneity or, for a quasi-homogeneous network, those whose parameters have an
	// exponent other than 1.
	Findings []Finding `json:"findings,omitempty"`
}

// Exponent is how one parameter scales.
type Exponent struct {
	Parameter string  `json:"parameter"`
	Exponent  float64 `json:"exponent"`
	tensor    *onnxio.Tensor
	// followers are statistics of the file that scale with the parameter.
	followers []*onnxio.Tensor
}

// Homogeneity solves for the exponents through the graph, from the input, whose degree is 0, to the logits. What only
// normalises the input, the slope of a PRelu and the factor of a folded BatchNormalization are held fixed: their
// exponent is 0.
func (net *Network) Homogeneity() *Homogeneity {
	s := &scaling{degrees: map[*value]degree{}, variables: map[*onnxio.Tensor]int{}, reader: map[*onnxio.Tensor]*onnxio.Node{},
		followers: map[*onnxio.Tensor][]*onnxio.Tensor{}}
	for _, st := range net.stepsTo(net.logits) {
		s.degrees[st.output] = s.of(st)
	}
	return s.result(s.degrees[net.logits])
}

// degree is how a value scales with a: a linear form in the exponents of the parameters that it depends on.
type degree struct {
	terms map[int]float64
	// zero marks a value that is zero however the parameters scale: it has every degree.
	zero bool
}

// plus is the degree of a product, or with weight -1 of a quotient.
func (d degree) plus(weight float64, e degree) degree {
	out := degree{terms: map[int]float64{}, zero: d.zero || e.zero}
	maps.Copy(out.terms, d.terms)
	for i, c := range e.terms {
		if out.terms[i] += weight * c; out.terms[i] == 0 {
			delete(out.terms, i)
		}
	}
	return out
}

// scaling is the state of the solution.
type scaling struct {
	system  exponents
	degrees map[*value]degree
	// parameters are in order of first use; variables are their exponents' indices, -1 for those held fixed.
	parameters []*onnxio.Tensor
	variables  map[*onnxio.Tensor]int
	// reader is the node that reads a parameter first.
	reader map[*onnxio.Tensor]*onnxio.Node
	// followers are statistics that scale with a parameter.
	followers map[*onnxio.Tensor][]*onnxio.Tensor
	findings  []Finding
}

// operand is the degree of what a step reads.
func (s *scaling) operand(v *value, by *step) degree {
	switch {
	case v.reals != nil:
		return degree{zero: !anyOther(v.reals.data, 0)}
	case v.param == nil:
		return s.degrees[v]
	}
	i := s.variable(v, by)
	switch {
	case !anyOther(v.param.Float32s, 0) && !anyOther(v.param.Float64s, 0):
		return degree{zero: true}
	case i < 0:
		return degree{}
	}
	return degree{terms: map[int]float64{i: 1}}
}

func (s *scaling) variable(v *value, by *step) int {
	i, ok := s.variables[v.param]
	if ok {
		return i
	}
	if i = -1; !v.fixed {
		i = s.system.variable()
	}
	s.variables[v.param], s.reader[v.param] = i, by.node
	s.parameters = append(s.parameters, v.param)
	return i
}

// of gives the degree of a step's result.
func (s *scaling) of(st *step) degree {
	if o, ok := st.op.(scaler); ok {
		return o.degree(s, st)
	}
	return s.operands(st)[0]
}

// operands are the degrees of all that a step reads.
func (s *scaling) operands(st *step) []degree {
	in := make([]degree, len(st.inputs))
	for i, v := range st.inputs {
		in[i] = s.operand(v, st)
	}
	return in
}

// join requires that what is added, compared or put side by side scales alike.
func (s *scaling) join(st *step, in []degree) degree {
	var first *degree
	for i, d := range in {
		switch {
		case d.zero:
		case first == nil:
			first = &in[i]
		case !s.system.require(first.plus(-1, d).terms):
			reason, advice := mismatch(st, *first, d)
			s.find(st, reason, advice)
			if len(first.terms) == 0 {
				first = &in[i]
			}
		}
	}
	if first == nil {
		return degree{zero: true}
	}
	return *first
}

// mismatch says why the operands of a step, two of which have the given degrees, cannot be joined.
func mismatch(st *step, d, e degree) (reason, advice string) {
	for _, v := range st.inputs {
		if v.param != nil {
			return fmt.Sprintf("parameter %q is shared by layers of different degree", v.name), "give each layer its own"
		}
	}
	advice = "give each branch that is joined here as many layers with weights, or a weight of its own"
	names := make([]string, len(st.inputs))
	for i, v := range st.inputs {
		names[i] = v.name
		if v.constant() {
			return fmt.Sprintf("it joins the constant %q with values that scale with the parameters", v.name), "remove the constant"
		}
		if !v.weighted && (len(d.terms) == 0 || len(e.terms) == 0) {
			return fmt.Sprintf("it joins %q, which comes from the input alone, with values that scale with the parameters", v.name), advice
		}
	}
	return fmt.Sprintf("it joins %q, which do not scale alike", names), advice
}

// breaks is the degree of a function that keeps a network homogeneous only if its operand does not scale at all. Where
// it does, the node is found to break homogeneity, and its result is taken to have the degree given as otherwise.
func (s *scaling) breaks(st *step, operand, otherwise degree, reason, advice string) degree {
	if s.system.require(operand.terms) {
		return degree{}
	}
	s.find(st, reason, advice)
	return otherwise
}

// find reports a node once.
func (s *scaling) find(st *step, reason, advice string) {
	f := Finding{Node: nodeName(st.node), Op: operatorName(st.node), Reason: reason, Advice: advice}
	for _, g := range s.findings {
		if g.Node == f.Node {
			return
		}
	}
	s.findings = append(s.findings, f)
}

func (s *scaling) result(logits degree) *Homogeneity {
	e, _ := s.system.solve()
	h := &Homogeneity{Verdict: Homogeneous, Findings: s.findings}
	for i, c := range logits.terms {
		h.Degree += c * e[i]
	}
	for _, t := range s.parameters {
		x := Exponent{Parameter: t.Name, tensor: t, followers: s.followers[t]}
		if i := s.variables[t]; i >= 0 {
			x.Exponent = tidy(e[i])
			if x.Exponent != 1 {
				h.Verdict = QuasiHomogeneous
			}
		}
		h.Exponents = append(h.Exponents, x)
	}
	h.Degree = tidy(h.Degree)
	switch {
	case len(s.findings) > 0:
		h.Verdict = NotHomogeneous
	case h.Verdict == QuasiHomogeneous:
		h.Findings = s.exceptions(h.Exponents)
	}
	return h
}

// tidy removes what rounding leaves on numbers that are small multiples of a fraction.
func tidy(x float64) float64 { return math.Round(x*5040) / 5040 }

// exceptions names the nodes whose parameters keep a quasi-homogeneous network from being homogeneous.
func (s *scaling) exceptions(all []Exponent) []Finding {
	var findings []Finding
	for _, x := range all {
		if x.Exponent == 1 || x.Exponent == 0 {
			continue
		}
		f := Finding{
			Node:   nodeName(s.reader[x.tensor]),
			Op:     operatorName(s.reader[x.tensor]),
			Reason: fmt.Sprintf("parameter %q scales with exponent %v, not 1", x.Parameter, x.Exponent),
		}
		if layer, ok := strings.CutSuffix(x.Parameter, ".bias"); ok {
			f.Advice = fmt.Sprintf("remove bias=True from %s for a homogeneous network", layer)
		}
		findings = append(findings, f)
	}
	return findings
}
