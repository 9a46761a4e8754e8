package experiment

// Scale is the size of the experiments.
type Scale struct {
	Name string
	// Networks is how often each experiment is repeated, with other samples and other initial values.
	Networks int
	// Samples are those that a network is trained on, and Forgotten the ones of them that a request is about.
	Samples, Forgotten int
	Hidden             []int
	// Reference counts the never-trained images that scores are held against and accuracies are measured on.
	Reference int
	// Shadows are the shadow models of membership inference, which share a population of Population images.
	Shadows, Population int
	// Restarts are those of a reconstruction; 0 for its default.
	Restarts int
}

// The scales. Quick is for minutes on two cores; Paper has the published networks and numbers of samples, and takes hours.
var (
	Quick = Scale{Name: "quick", Networks: 3, Samples: 50, Forgotten: 5, Hidden: []int{300, 300}, Reference: 400,
		Shadows: 10, Population: 400}
	Paper = Scale{Name: "paper", Networks: 3, Samples: 500, Forgotten: 50, Hidden: []int{1000, 1000}, Reference: 400,
		Shadows: 20, Population: 2000}
)

// Images is how many labelled images a network of this scale needs to draw from.
func (s Scale) Images() int { return 3*s.Samples + s.Reference + s.Population }
