package audit

import (
	"encoding/binary"
	"fmt"
	"math"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
)

// overlap refuses images that would make the verdict unsound: one that is asked about twice counts twice in every
// statistic, and a reference image that is also asked about is not known to be never trained on. Two of one content
// are one image, whatever their names.
func (r *Request) overlap() error {
	asked := map[string]int{}
	for i := range r.Queried.Len() {
		pixels := content(r.Queried, i)
		if j, ok := asked[pixels]; ok {
			return fmt.Errorf("%s, %s, is the same image as %s, %s: name it once", r.Queried.Names[i], r.part(i),
				r.Queried.Names[j], r.part(j))
		}
		asked[pixels] = i
	}
	if r.Reference == nil {
		return nil
	}
	named := map[string]bool{}
	for i, name := range r.Reference.Names {
		if j, ok := asked[content(r.Reference, i)]; ok {
			return fmt.Errorf("the reference image %s is the same as %s, %s: a reference image must be one that neither "+
				"model was trained on; leave it out", name, r.Queried.Names[j], r.part(j))
		}
		// Data sets hold a few images twice, which does no harm; one drawn twice weakens every p-value.
		if named[name] {
			return fmt.Errorf("the reference image %s is named twice", name)
		}
		named[name] = true
	}
	return nil
}

// part says what a queried image is there for.
func (r *Request) part(i int) string {
	if r.Roles[i] == metrics.Forget {
		return "to forget"
	}
	return "to retain"
}

// content is a key that images of the same pixels share.
func content(s *images.Set, i int) string {
	var key []byte
	for _, v := range s.Image(i) {
		key = binary.LittleEndian.AppendUint32(key, math.Float32bits(v))
	}
	return string(key)
}
