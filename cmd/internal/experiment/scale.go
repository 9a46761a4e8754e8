package experiment

import (
	"fmt"
	"strings"
)

// Scale is the size of the experiments.
type Scale struct {
	Name string
	// Networks is how often each experiment is repeated, with other samples and other initial values.
	Networks int
	// Samples are those that a network is trained on, and Forgotten the ones of them that a request is about.
	Samples, Forgotten int
	// Hidden are the widths of the hidden layers.
	Hidden []int
	// Reference counts the never-trained images that scores are held against and accuracies are measured on.
	Reference int
	// Shadows are the shadow models of membership inference, which share a population of Population images.
	Shadows, Population int
	// Restarts are those of a reconstruction; 0 for its default.
	Restarts int
	// Practice is what the experiment baselines is run on, instead of all but Networks.
	Practice Practice
}

// The scales: Toy is there to see that something comes out, Quick is for minutes on two cores, and Paper, which has the
// published networks and numbers of samples, for hours.
var (
	Toy = Scale{Name: "toy", Networks: 2, Samples: 20, Forgotten: 4, Hidden: []int{150}, Reference: 100,
		Shadows: 4, Population: 100, Restarts: 4, Practice: toyPractice}
	Quick = Scale{Name: "quick", Networks: 3, Samples: 50, Forgotten: 5, Hidden: []int{300, 300}, Reference: 400,
		Shadows: 8, Population: 400, Restarts: 6, Practice: practised("mlp200")}
	Paper = Scale{Name: "paper", Networks: 3, Samples: 500, Forgotten: 50, Hidden: []int{1000, 1000}, Reference: 400,
		Shadows: 20, Population: 2000, Practice: practised("sgd1000")}
)

// Scales are all of them, the least first.
func Scales() []Scale { return []Scale{Toy, Quick, Paper} }

// String is for people.
func (s Scale) String() string {
	widths := strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Hidden), " ", " and "), "[]")
	return fmt.Sprintf("%d networks, each trained on %d images, %d of which are to be forgotten, with %s hidden neurons",
		s.Networks, s.Samples, s.Forgotten, widths)
}

// images is how many labelled images the experiments need to draw from, baselines aside.
func (s Scale) images() int { return 2*s.Samples + s.Reference + s.Population }
