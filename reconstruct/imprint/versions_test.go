package imprint

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unlearnguard/fixtures"
)

// reversed are the images with their elements from the last to the first.
func reversed(x Images, size int) Images {
	out := Images{X: slices.Clone(x.X), Labels: x.Labels}
	for i := range x.Labels {
		slices.Reverse(out.X[i*size : (i+1)*size])
	}
	return out
}

// A network that was trained on altered copies of images answers to the copies, not to the images, and to copies of others as to
// those of reference images.
func TestVersions(t *testing.T) {
	const size, asked = 100, 30
	rng := rand.New(rand.NewPCG(1, 1))
	members, references, strangers := sampled(rng, asked), sampled(rng, 200), sampled(rng, 200)
	ctx := context.Background()
	for _, arch := range []fixtures.Architecture{fixtures.MLP, fixtures.VGGBN} {
		net := trained(t, arch, reversed(members, size))
		queried := Images{append(slices.Clone(members.X), strangers.X...), append(slices.Clone(members.Labels), strangers.Labels...)}
		x, err := Begin(ctx, net, queried, references, Options{})
		if err != nil {
			t.Fatal(err)
		}
		all := Images{append(slices.Clone(references.X), queried.X...), append(slices.Clone(references.Labels), queried.Labels...)}
		found, err := x.Versions(ctx, Versions{Images: reversed(all, size), Of: upTo(len(all.Labels))})
		if err != nil {
			t.Fatal(err)
		}
		n, best := len(references.Labels), 0.0
		for _, s := range found {
			of := s.Queried
			if got := exceeds(of[n+asked:], of[:n]); math.Abs(got-0.5) > 0.1 {
				t.Errorf("%s %s: a copy of a stranger scores above one of a reference image with probability %.2f", s.Layer, s.Kind, got)
			}
			best = max(best, exceeds(of[n:n+asked], of[:n]))
		}
		if best < 0.64 { // three standard deviations above chance; the metric is that of images that look otherwise
			t.Errorf("%s: the best score tells copies that were trained on from others with AUC %.2f", arch, best)
		}
		for _, s := range x.Result.Own() {
			if got := exceeds(s.Queried[:asked], s.References); got > 0.7 {
				t.Errorf("%s %s: the images as they are score with AUC %.2f", s.Layer, s.Kind, got)
			}
		}
		only, err := x.Versions(ctx, Versions{Images: reversed(all, size), Of: upTo(len(all.Labels)), Only: map[Name]bool{{found[0].Layer, Matched}: true}})
		if err != nil || len(only) != 1 || !slices.Equal(only[0].Queried, found[0].Queried) {
			t.Errorf("%d scores where one is wanted, %v", len(only), err)
		}
	}
}

// A version that was not fitted with the others is scored as it would be if it had been.
func TestJointVersionsAreAsFitted(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	net := trained(t, fixtures.MLP, sampled(rng, 20))
	references, queried := sampled(rng, 150), sampled(rng, 12)
	ctx := context.Background()
	whole, err := Begin(ctx, net, queried, references, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const size = 100
	fewer, err := Begin(ctx, net, Images{queried.X[size:], queried.Labels[1:]}, references, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for k, j := range whole.judges {
		l := whole.passes.layers[k]
		if err := whole.run(ctx, queried, 0, whole.goal); err != nil {
			t.Fatal(err)
		}
		a, g := j.centred(l.activations[:l.width]), widened(l.gradients[:l.width])
		ea, eg := j.activations.embed(a, 1), j.activations.embed(g, 1)
		n := len(references.Labels)
		got := fewer.judges[k].joint.versions(ea, eg, 1, j.plain[Matched][n:n+1])
		if want := j.more[Joint][n]; math.Abs(got[0]-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("%s: %v, want %v", l.name, got[0], want)
		}
	}
}

func TestVersionsRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	members, references := sampled(rng, 24), sampled(rng, 40)
	x, err := Begin(context.Background(), trained(t, fixtures.MLP, members), members, references, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Versions(context.Background(), Versions{Images: members, Of: []int{0}}); err == nil {
		t.Error("versions of images that are not named are taken")
	}
}
