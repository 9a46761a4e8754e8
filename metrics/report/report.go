// Package report writes the outcome of an audit for people and for programs.
//
// [New] turns the evidence and the decision of package metrics into a [Report]; the caller adds what it alone knows: the
// files, the configuration, the pictures, the times. [Write] then makes a folder of
//
//   - report.json, for programs: every number that the verdict rests on ([Encode], [Read], [Report.Evidence])
//   - verify-v3.schema.json, which describes it ([Schema])
//   - report.html, for people: one file that needs no network, readable on a phone and in print ([HTML])
//   - grids/forget.png and grids/retain.png: originals beside what could be recovered
//
// # Compatibility
//
// The schema of report.json has a version in its name. A published version is never edited: fields are neither renamed
// nor given another meaning, and a change that needs it gets a new version.
//
// Two audits of the same files with the same configuration and seed write the same report.json but for the object
// "times".
package report

import "unlearnguard/metrics"

// SchemaV3 is the value of Report.Schema. Reports of the versions before it, [SchemaV2] without copies and lineage and
// [SchemaV1] without known images, can be read, and are written as ones of this version.
const (
	SchemaV3 = "unlearnguard/verify/v3"
	SchemaV2 = "unlearnguard/verify/v2"
	SchemaV1 = "unlearnguard/verify/v1"
)

// readable reports whether a schema is one of those that [Read] takes.
func readable(schema string) bool {
	return schema == SchemaV3 || schema == SchemaV2 || schema == SchemaV1
}

// Report is the content of report.json, and the pictures that go with it.
type Report struct {
	Schema  string          `json:"schema"`
	Tool    Tool            `json:"tool"`
	Summary metrics.Summary `json:"summary"`
	Models  Models          `json:"models"`
	// Inputs are the image files and what they were used for.
	Inputs []Input `json:"inputs"`
	// Command is the command line that repeats the audit.
	Command string `json:"command"`
	// Configuration holds every option in force, under the caller's own names.
	Configuration map[string]any `json:"configuration"`
	// Seed is what all random choices started from.
	Seed      uint64    `json:"seed"`
	Decision  Decision  `json:"decision"`
	Samples   []Sample  `json:"samples"`
	Reference Reference `json:"reference"`
	// Copies and Lineage are nil where there are none.
	Copies  *metrics.Copies  `json:"copies,omitempty"`
	Lineage *metrics.Lineage `json:"lineage,omitempty"`
	// Times is all that differs between two runs with one seed.
	Times Times `json:"times"`

	// Pictures has one entry a sample, or is empty where there are none to show.
	Pictures []Pictures `json:"-"`
}

// Tool names the program that made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Models are the two models of the audit.
type Models struct {
	Before Model `json:"before"`
	After  Model `json:"after"`
}

// Model describes one model and what became of its reconstruction.
type Model struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	// Producer is the program that exported the file, Architecture the network in short, such as 784-1000-1.
	Producer     string `json:"producer,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	Parameters   int    `json:"parameters,omitempty"`
	// Preprocessing says in words what was done to the pixels before they were fed to the model.
	Preprocessing string `json:"preprocessing,omitempty"`
	// Layers names the layers that were asked about known images; missing where none was.
	Layers         []string          `json:"layers,omitempty"`
	Homogeneity    Homogeneity       `json:"homogeneity"`
	Reconstruction Reconstruction    `json:"reconstruction"`
	Checks         metrics.Diagnosis `json:"checks"`
	// Starts are earlier states of it that are known, or nil.
	Starts *Starts `json:"starts,omitempty"`
}

// Starts are earlier states of a model, and what they are worth.
type Starts struct {
	Sources []Start `json:"sources"`
	// Standing says what they may show, in words; Trusted that they may show absence as well as presence.
	Standing string `json:"standing"`
	Trusted  bool   `json:"trusted"`
	// NoPower says why they tell nothing, or is empty.
	NoPower string `json:"no_power,omitempty"`
	// Layer is the first layer that training moved; Decay what weight decay left of it at each start; Directions the number of
	// directions that inputs moved it along, of at most Limit.
	Layer      string    `json:"layer,omitempty"`
	Decay      []float64 `json:"decay,omitempty"`
	Directions float64   `json:"directions,omitempty"`
	Limit      int       `json:"limit,omitempty"`
}

// Start is one earlier state: a file, or a seed and an initialiser.
type Start struct {
	Source string `json:"source"`
	SHA256 string `json:"sha256,omitempty"`
}

// Homogeneity says whether scaling a model's parameters scales its output, which the method rests on.
type Homogeneity struct {
	// Verdict is in words, such as "homogeneous".
	Verdict string `json:"verdict"`
	// Degree is the exponent L in M(a theta; x) = a^L M(theta; x).
	Degree float64 `json:"degree"`
	// Deviation is the largest relative deviation from it that was measured; nil where it was not.
	Deviation *float64 `json:"deviation,omitempty"`
}

// NoReconstruction begins the method of a model that nothing was reconstructed from, and is followed by why.
const NoReconstruction = "none: "

// Reconstruction sums up what was recovered from a model.
type Reconstruction struct {
	// Method names the algorithm.
	Method string `json:"method"`
	// Samples is the number of samples recovered.
	Samples int `json:"samples"`
	// Rank is the number of directions of the first layer above its noise, Width that of its inputs.
	Rank  int `json:"rank"`
	Width int `json:"width"`
	// Residuals are the final relative residuals, one a restart.
	Residuals []float64 `json:"residuals"`
	// Details holds whatever else the algorithm reports.
	Details any `json:"details,omitempty"`
}

// Input is one file or folder of images, or of what prepares them.
type Input struct {
	// Use is what it was for, such as "forget", "retain", "reference" or "mean".
	Use    string `json:"use"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	// Images is the number of images taken from it.
	Images int `json:"images"`
}

// Decision is how the verdicts were reached.
type Decision struct {
	Method     metrics.Method             `json:"method"`
	Parameters metrics.Options            `json:"parameters"`
	SSIM       metrics.SSIMOptions        `json:"ssim"`
	Statistics []metrics.StatisticSummary `json:"statistics"`
	Controls   metrics.Controls           `json:"controls"`
	Troubles   []string                   `json:"troubles"`
	Difference []metrics.DifferenceTest   `json:"difference"`
	Group      *metrics.GroupTest         `json:"group"`
	Power      *metrics.Power             `json:"power"`
	Together   *metrics.Together          `json:"together,omitempty"`
	Notes      []string                   `json:"notes"`
}

// Sample is one queried image and what is said of it.
type Sample struct {
	Source string       `json:"source"`
	Role   metrics.Role `json:"role"`
	// Label is nil where the class is not known.
	Label  *int     `json:"label"`
	Before Evidence `json:"before"`
	After  Evidence `json:"after"`
	// Loss is the score before less the score after.
	Loss float64 `json:"loss"`
	// KeptProbability is nil where it was not computed.
	KeptProbability *float64        `json:"kept_probability"`
	Verdict         metrics.Verdict `json:"verdict"`
	Reason          string          `json:"reason"`
}

// Evidence is what one model says of one sample.
type Evidence struct {
	// SSIM is the highest similarity to anything recovered; nil where it was not among the statistics.
	SSIM *float64 `json:"ssim"`
	// PValue is the conformal p-value of Score; nil without reference images.
	PValue *float64 `json:"p_value"`
	// Score joins the statistics; Decisive is the name of the one that adds most to it, empty where none has power.
	Score    float64 `json:"score"`
	Decisive string  `json:"decisive,omitempty"`
	// Scores and PValues have one entry a statistic, by name. Larger scores are more evidence: a distance has its sign
	// changed.
	Scores  map[string]float64 `json:"scores"`
	PValues map[string]float64 `json:"p_values,omitempty"`
	// Height is how far Score lies above the reference images' median score, in their spreads; nil without reference
	// images. Clear: high enough that it is no chance find among many audits.
	Height      *float64 `json:"height"`
	Clear       bool     `json:"clear"`
	Recoverable bool     `json:"recoverable"`
	Absent      bool     `json:"absent"`
	// Guarded: something that may only show presence shows it.
	Guarded bool `json:"guarded"`
	// Nearest is the index of the most similar reconstruction; nil where it is not known.
	Nearest *int `json:"nearest,omitempty"`
}

// Reference is the reference set's part in the decision: with it, every p-value can be computed again.
type Reference struct {
	Images int `json:"images"`
	// Class is the number of those that a class-level request was compared with, 0 if with all.
	Class int `json:"class_images"`
	// Labels has one entry an image where they are known.
	Labels []int `json:"labels,omitempty"`
	// Incomparable says why p-values from these images mean nothing, or is empty.
	Incomparable string `json:"incomparable,omitempty"`

	Before ReferenceScore `json:"before"`
	After  ReferenceScore `json:"after"`
}

// ReferenceScore holds one model's scores of the reference images, in their order.
type ReferenceScore struct {
	// Combined is the score that Evidence.Score is seen against.
	Combined []float64            `json:"combined,omitempty"`
	Scores   map[string][]float64 `json:"scores,omitempty"`
}

// Times are when the audit ran and how long its parts took.
type Times struct {
	// Started is in RFC 3339.
	Started string `json:"started,omitempty"`
	// Seconds has one entry a part.
	Seconds map[string]float64 `json:"seconds,omitempty"`
}

// Pictures are an original, what comes nearest to it among the images recovered from either model, and what of it lies in the span
// of what moved either model's first layer away from its known start. An image without pixels is one that is not there.
type Pictures struct {
	Original, Before, After, SpanBefore, SpanAfter metrics.Image
}
