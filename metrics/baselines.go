package metrics

// The figures that other methods of verification are judged by (arXiv 2410.10120, section V). Each is a share in [0, 1],
// and NaN of no samples, of which it says nothing.

// INA is the share of true members that membership inference calls members,
//
//	INA = TP / (TP + FN),
//
// with members its answer for each (arXiv 2410.10120, section V). Of samples that were trained on it should be near 1;
// of samples that were forgotten, what it is of samples never trained on, which is no 0.
func INA(members []bool) float64 {
	positive := 0
	for _, is := range members {
		if is {
			positive++
		}
	}
	return float64(positive) / float64(len(members))
}

// AttackSuccess is the success rate of a backdoor, the share of images with its trigger, none of them of the target class
// without it, that a network gives the target label (Gu et al., BadNets, arXiv 1708.06733).
func AttackSuccess(predicted []int, target int) float64 {
	hit := 0
	for _, label := range predicted {
		if label == target {
			hit++
		}
	}
	return float64(hit) / float64(len(predicted))
}

// Accuracy is the share of samples that a network gives their label. It panics unless there is a label for each.
func Accuracy(predicted, labels []int) float64 {
	if len(predicted) != len(labels) {
		panic("metrics: a label is needed for each prediction")
	}
	right := 0
	for i, label := range labels {
		if predicted[i] == label {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}
