package attest_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"strings"

	"unlearnguard/metrics"
	"unlearnguard/metrics/attest"
	"unlearnguard/metrics/report"
)

// A report is signed; whoever has the public key sees what was attested, and that a changed report is another one.
func Example() {
	ctx, before, after := context.Background(), strings.Repeat("0a", 32), strings.Repeat("f5", 32)
	r := report.Report{Schema: report.SchemaV3, Summary: metrics.Summary{Verdict: metrics.Retained, Retained: 1}}
	r.Models.Before, r.Models.After = report.Model{Path: "before.onnx", SHA256: before}, report.Model{Path: "after.onnx", SHA256: after}
	r.Samples = []report.Sample{{Source: "digits#17", Role: metrics.Forget, Verdict: metrics.Retained}}
	r.Times.Started = "2026-01-31T12:00:00Z"
	text, err := report.Encode(r)
	if err != nil {
		log.Fatal(err)
	}
	private, public := keys()
	envelope, err := attest.Sign(ctx, text, private)
	if err != nil {
		log.Fatal(err)
	}

	attested, err := attest.Verify(ctx, envelope, public)
	if err != nil {
		log.Fatal(err)
	}
	which, err := attested.MatchModel(after)
	fmt.Println(attested.Verdict, attested.Retained, which, err)
	fmt.Println(attested.MatchReport(text), attested.MatchReport(append(text, '\n')) != nil)
	// Output:
	// retained [digits#17] after <nil>
	// <nil> true
}

// keys are a pair in PEM.
func keys() (private, public []byte) {
	of, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		log.Fatal(err)
	}
	open, err := x509.MarshalPKIXPublicKey(of)
	if err != nil {
		log.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open})
}
