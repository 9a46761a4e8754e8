// Package metrics compares images and decides, from scores alone, whether samples are still in a model.
//
// It knows nothing of networks or files: images and numbers come in, scores and a [Decision] go out. The subpackage
// report turns a decision into report.json, report.html and picture grids.
//
// # Similarity
//
// [SSIM] is the structural similarity index of Wang et al. 2004, the measure people can see; [NCC] the centred cosine.
// [NearestSSIM] and [NearestNCC] find for each sample the reconstruction that comes nearest to it.
package metrics
