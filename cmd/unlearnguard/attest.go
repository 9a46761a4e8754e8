package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"unlearnguard/metrics"
	"unlearnguard/metrics/attest"
	"unlearnguard/metrics/report"
	"unlearnguard/onnxio"
	"unlearnguard/onnxio/file"
)

// attestationSchema names the layout of attest verify's JSON.
const attestationSchema = "unlearnguard/attestation/v1"

func (a *app) attest() *cobra.Command {
	return group("attest", "Check what an auditor has signed",
		`Attest is about attestations: in-toto test results over the digests of two models, signed by the auditor (DSSE), which
verify --attest KEY and compare --attest KEY write as `+attestationFile+`.`,
		a.attestVerify(), a.attestCommit())
}

// attestOptions are the flags of attest verify.
type attestOptions struct {
	envelope, key, report string
	models                []string
	format                string
}

func (a *app) attestVerify() *cobra.Command {
	var o attestOptions
	c := &cobra.Command{
		Use:   "verify ATTESTATION --key PUBLIC.pem",
		Short: "Check an attestation's signature and what it speaks of",
		Long: `Verify checks the signature of ATTESTATION against the auditor's public key and prints what was attested. With --report
and --model it also checks that these files are the ones that are meant, byte for byte. Anything that does not hold is an
error.

A pair of keys is made with

  openssl genpkey -algorithm ed25519 -out auditor.pem
  openssl pkey -in auditor.pem -pubout -out auditor.pub.pem`,
		Example: "  unlearnguard attest verify report/" + attestationFile + " --key auditor.pub.pem --report report/report.json --model after.onnx",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.envelope = args[0]
			return a.runAttestVerify(c.Context(), o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.key, "key", "", "the auditor's public `KEY` (PEM)")
	f.StringVar(&o.report, "report", "", "`FILE` (report.json) that must be the attested one")
	f.StringArrayVar(&o.models, "model", nil, "`MODEL` that must be one of the attested two; may be repeated")
	f.StringVar(&o.format, "format", "text", "`format`: text, or json for stdout")
	require(c, "key")
	return c
}

func (a *app) runAttestVerify(ctx context.Context, o attestOptions) error {
	if err := chosen("format", o.format, "text", "json"); err != nil {
		return err
	}
	envelope, err := file.Read(o.envelope, attest.MaxBytes)
	if err != nil {
		return err
	}
	key, err := file.Read(o.key, attest.MaxKeyBytes)
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	attested, err := attest.Verify(ctx, envelope, key)
	if err != nil {
		return fmt.Errorf("%s: %w", o.envelope, err)
	}
	if err := a.matchFiles(ctx, attested, o); err != nil {
		return err
	}
	a.term.say("%s: the signature is that of %s", o.envelope, o.key)
	if o.format == "json" {
		for _, list := range []*[]string{&attested.Unlearned, &attested.Retained, &attested.Inconclusive, &attested.Inputs} {
			*list = append([]string{}, *list...) // an empty list is not null
		}
		return encode(a.out, struct {
			Schema string `json:"schema"`
			attest.Attestation
		}{attestationSchema, attested})
	}
	return writeAttestation(a.out, attested)
}

// matchFiles checks the files at hand against an attestation.
func (a *app) matchFiles(ctx context.Context, attested attest.Attestation, o attestOptions) error {
	if o.report != "" {
		text, err := file.Read(o.report, report.MaxBytes)
		if err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		if err := attested.MatchReport(text); err != nil {
			return fmt.Errorf("--report %s: %w", o.report, err)
		}
		a.term.say("%s is the attested report", o.report)
	}
	for _, path := range o.models {
		sum, err := file.Digest(path)
		if err != nil {
			return fmt.Errorf("--model: %w", err)
		}
		which, err := attested.MatchModel(sum)
		if err != nil {
			return fmt.Errorf("--model %s: %w", path, err)
		}
		if err := matchExternal(ctx, attested, path); err != nil {
			return fmt.Errorf("--model %s: %w", path, err)
		}
		a.term.say("%s is the model %s", path, which)
	}
	return nil
}

// matchExternal checks the files beside a model that hold its weights.
func matchExternal(ctx context.Context, attested attest.Attestation, path string) error {
	m, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return err
	}
	for _, f := range m.External {
		if err := attested.MatchInput(f.SHA256); err != nil {
			return fmt.Errorf("its weights in %s: %w", f.Location, err)
		}
	}
	return nil
}

func writeAttestation(w io.Writer, t attest.Attestation) error {
	_, err := fmt.Fprintf(w, "verdict  %s\nsamples  %d unlearned, %d retained, %d inconclusive\nbefore   sha256:%s\nafter    sha256:%s\nreport   sha256:%s\nkey      %s\n",
		t.Verdict, len(t.Unlearned), len(t.Retained), len(t.Inconclusive), t.Before, t.After, t.Report, t.KeyID)
	return err
}

// signingKey reads a private key and tries it, so that a key that cannot sign is found out before the work and not after.
func signingKey(ctx context.Context, path string) ([]byte, error) {
	key, err := file.Read(path, attest.MaxKeyBytes)
	if err != nil {
		return nil, fmt.Errorf("--attest: %w", err)
	}
	sample := report.Report{Schema: report.SchemaV3, Summary: metrics.Summary{Verdict: metrics.Inconclusive}}
	none := fmt.Sprintf("%x", sha256.Sum256(nil))
	sample.Models.Before.SHA256, sample.Models.After.SHA256 = none, none
	sample.Models.Before.Path, sample.Models.After.Path = "before", "after"
	text, err := report.Encode(sample)
	if err != nil {
		return nil, err
	}
	if _, err := attest.Sign(ctx, text, key); err != nil {
		return nil, fmt.Errorf("--attest %s: %w", path, err)
	}
	return key, nil
}
