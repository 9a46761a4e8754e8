package main

import (
	"context"
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/audit"
)

const imagesHelp = `
Images are named as [KIND:]PATH[[train]|[test]][#INDICES], and the flag may be repeated. KIND is png, npy, idx, cifar10 or
svhn and is guessed from the content; PATH is a file, a folder of PNG files or a data set's folder (its training files in
name order as one sequence, or its test files with [test]); INDICES are 0-based, such as 5,17,100-120. "unlearnguard help
data" tells more, such as the arrays of an .npz file.`

// addMaxImages adds the flag that bounds what is read.
func addMaxImages(c *cobra.Command, most *int) {
	c.Flags().IntVar(most, "max-images", images.DefaultMaxImages, "most `images` that a file or data set may hold: one that states more is refused unread")
}

// checkMaxImages checks that flag.
func checkMaxImages(most int) error { return within("max-images", most, 1, 1<<30) }

// loadImages reads the images of one flag.
func loadImages(ctx context.Context, flag string, specs []string, o images.Options) (*images.Set, error) {
	if err := knownKinds(specs, o.Locate); err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	set, err := images.LoadAll(ctx, specs, o)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return set, nil
}

// loadImagesFor reads the images of one flag with as many channels as the first model takes, and of a size that all take. Files
// that state another size are refused before they are unpacked.
func loadImagesFor(ctx context.Context, flag string, specs []string, o images.Options, models ...*audit.Model) (*images.Set, error) {
	first := models[0]
	var refused error
	o.Channels = first.Channels()
	o.Accept = func(stated *images.Set) error {
		refused = fitting(flag, *stated, o.Channels, models)
		return refused
	}
	set, err := loadImages(ctx, flag, specs, o)
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	if c := vectorChannels(first.Input(), set); c != 0 && c != set.C {
		o.Channels = c
		if set, err = loadImages(ctx, flag, specs, o); err != nil {
			return nil, err
		}
	}
	for _, m := range models {
		if err := set.Match(m.Input()...); err != nil {
			return nil, fmt.Errorf("--%s for %s: %w", flag, m.Path, err)
		}
	}
	return set, nil
}

// fitting refuses images that state a size which a model does not take, whatever is done to their channels.
func fitting(flag string, stated images.Set, channels int, models []*audit.Model) error {
	if channels != 0 {
		stated.C = channels
	}
	for _, m := range models {
		if err := stated.Match(m.Input()...); err != nil && vectorChannels(m.Input(), &stated) == 0 {
			return fmt.Errorf("--%s for %s: %w", flag, m.Path, err)
		}
	}
	return nil
}

// vectorChannels tells how many channels the images of a set have for a model that takes a plain vector, 0 where their
// size does not fit it.
func vectorChannels(input []int, set *images.Set) int {
	for _, c := range []int{1, 3} {
		if len(input) == 1 && c*set.H*set.W == input[0] {
			return c
		}
	}
	return 0
}

// kindPrefix is what looks like the kind of a specification; a single letter is a drive.
var kindPrefix = regexp.MustCompile(`^([a-z0-9-]{2,}):`)

// knownKinds refuses a kind that is not known, which would be taken for a part of the path.
func knownKinds(specs []string, at locator) error {
	for _, text := range specs {
		prefix := kindPrefix.FindStringSubmatch(text)
		spec, err := images.Parse(text)
		if prefix == nil || err != nil || spec.Kind != images.Guess {
			continue
		}
		if _, err := os.Stat(at.path(spec.Path)); err != nil {
			return fmt.Errorf("%q: the kind %q is not known: give png, npy, idx, cifar10 or svhn, or leave it out", text, prefix[1])
		}
	}
	return nil
}
