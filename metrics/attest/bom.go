package attest

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"unlearnguard/metrics/report"
)

// BOM writes a CycloneDX 1.6 bill of materials in JSON: the model after as its subject, with the audit's outcome in its
// model card, and the model before as the component that it derives from.
func BOM(w io.Writer, reportJSON []byte) error {
	r, err := readReport(reportJSON)
	if err != nil {
		return err
	}
	before, after := model("before", r.Models.Before), model("after", r.Models.After)
	after.ModelCard.QuantitativeAnalysis = &cdx.MLQuantitativeAnalysis{PerformanceMetrics: &[]cdx.MLPerformanceMetric{
		{Type: "samples to forget: unlearned", Value: strconv.Itoa(r.Summary.Unlearned)},
		{Type: "samples to forget: retained", Value: strconv.Itoa(r.Summary.Retained)},
		{Type: "samples to forget: inconclusive", Value: strconv.Itoa(r.Summary.Inconclusive)},
	}}
	if t := r.Decision.Together; t != nil {
		measured := append(*after.ModelCard.QuantitativeAnalysis.PerformanceMetrics,
			cdx.MLPerformanceMetric{Type: "samples to forget, taken together: " + string(t.Verdict) + ", kept at most (95 % confidence)", Value: strconv.Itoa(t.KeptAtMost)})
		after.ModelCard.QuantitativeAnalysis.PerformanceMetrics = &measured
	}
	limits := append([]string{r.Summary.Reason}, r.Decision.Notes...)
	after.ModelCard.Considerations = &cdx.MLModelCardConsiderations{TechnicalLimitations: &limits}
	after.Properties = &[]cdx.Property{
		{Name: "unlearnguard:verdict", Value: string(r.Summary.Verdict)},
		{Name: "unlearnguard:method", Value: string(r.Decision.Method)},
	}
	after.ExternalReferences = &[]cdx.ExternalReference{{
		Type: cdx.ERTypeEvidence, URL: reportName, Comment: "the audit's report",
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: digest(reportJSON)}},
	}}
	after.Pedigree = &cdx.Pedigree{Ancestors: &[]cdx.Component{before}}

	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: r.Times.Started,
		Component: &after,
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: r.Tool.Name, Version: r.Tool.Version}}},
	}
	encoder := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true)
	if err := encoder.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	return nil
}

func model(role string, m report.Model) cdx.Component {
	return cdx.Component{
		BOMRef:  "model-" + role + ":" + m.SHA256,
		Type:    cdx.ComponentTypeMachineLearningModel,
		Name:    filepath.Base(m.Path),
		Version: "sha256:" + m.SHA256,
		Hashes:  &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: m.SHA256}},
		ModelCard: &cdx.MLModelCard{ModelParameters: &cdx.MLModelParameters{
			Task: "classification", ModelArchitecture: m.Architecture,
		}},
	}
}
