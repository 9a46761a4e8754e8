package attest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

var (
	digestBefore = strings.Repeat("0a", 32)
	digestAfter  = strings.Repeat("f5", 32)
)

// example is a report.json with one sample of every verdict.
func example(t testing.TB, verdict metrics.Verdict) []byte {
	t.Helper()
	r := report.Report{Schema: report.SchemaV3, Tool: report.Tool{Name: "unlearnguard", Version: "v1.2.3"}}
	r.Summary = metrics.Summary{Verdict: verdict, Reason: "One sentence. Another.", Unlearned: 1, Retained: 1, Inconclusive: 1}
	r.Models.Before = report.Model{Path: "models/original.onnx", SHA256: digestBefore, Architecture: "784-1000-1"}
	r.Models.After = report.Model{Path: "models/retrained.onnx", SHA256: digestAfter, Architecture: "784-1000-1"}
	r.Inputs = []report.Input{{Use: "reference", Path: "digits/test.gz", SHA256: strings.Repeat("77", 32)}}
	for i, v := range []metrics.Verdict{metrics.Unlearned, metrics.Retained, metrics.Inconclusive} {
		r.Samples = append(r.Samples, report.Sample{Source: fmt.Sprintf("digits#%d", i), Role: metrics.Forget, Verdict: v})
	}
	r.Samples = append(r.Samples, report.Sample{Source: "digits#9", Role: metrics.Retain, Verdict: metrics.Retained})
	r.Decision.Notes = []string{"A note."}
	r.Times.Started = "2026-01-31T12:00:00Z"
	text, err := report.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type keyPair struct {
	private, public []byte
	signer          any
}

func pair(t testing.TB, private, public any) keyPair {
	t.Helper()
	a, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: a}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b}), private}
}

func ed25519Pair(t *testing.T) keyPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair(t, private, public)
}

func pairs(t *testing.T) map[string]keyPair {
	t.Helper()
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]keyPair{"ed25519": ed25519Pair(t), "ecdsa": pair(t, e, e.Public()), "rsa": pair(t, r, r.Public())}
}

func TestSignThenVerify(t *testing.T) {
	ctx := context.Background()
	for name, keys := range pairs(t) {
		for verdict := range results {
			text := example(t, verdict)
			envelope, err := Sign(ctx, text, keys.private)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := Verify(ctx, envelope, keys.public)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got.KeyID == "" {
				t.Errorf("%s: no key id", name)
			}
			got.KeyID = ""
			want := Attestation{Verdict: verdict, Before: digestBefore, After: digestAfter, Report: digest(text),
				Unlearned: []string{"digits#0"}, Retained: []string{"digits#1"}, Inconclusive: []string{"digits#2"}, Inputs: []string{strings.Repeat("77", 32)}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
			if err := got.MatchReport(text); err != nil {
				t.Error(err)
			}
			if err := got.MatchReport(append(text, ' ')); err == nil {
				t.Error("a changed report is taken for the attested one")
			}
			if role, err := got.MatchModel(strings.ToUpper(digestAfter)); role != "after" || err != nil {
				t.Errorf("%q, %v", role, err)
			}
			if got.MatchInput(strings.Repeat("77", 32)) != nil || got.MatchInput(strings.Repeat("78", 32)) == nil {
				t.Error("a strange file is taken for one that the audit read, or the other way round")
			}
			if _, err := got.MatchModel(strings.Repeat("11", 32)); err == nil {
				t.Error("a strange model is taken for an attested one")
			}
		}
	}
}

// The envelope is checked here without the library that made it: DSSE's pre-authentication encoding by hand, Ed25519
// from the standard library, and the statement's keys as in-toto publishes them.
func TestEnvelopeFollowsTheSpecifications(t *testing.T) {
	keys := ed25519Pair(t)
	text := example(t, metrics.Unlearned)
	envelope, err := Sign(context.Background(), text, keys.private)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		PayloadType, Payload string
		Signatures           []struct{ Sig string }
	}
	if err := json.Unmarshal(envelope, &e); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(payload), payload)
	if public := keys.signer.(ed25519.PrivateKey).Public().(ed25519.PublicKey); !ed25519.Verify(public, []byte(pae), signature) {
		t.Error("the signature is not over the payload")
	}
	var s struct {
		Type          string `json:"_type"`
		PredicateType string
		Subject       []struct {
			Name   string
			Digest map[string]string
		}
		Predicate struct {
			Result                                string
			Configuration                         []struct{ Name string }
			PassedTests, WarnedTests, FailedTests []string
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	if err := decoder.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.Type != "https://in-toto.io/Statement/v1" || s.PredicateType != PredicateType || len(s.Subject) != 2 || s.Subject[0].Name != "retrained.onnx" ||
		s.Subject[0].Digest["sha256"] != digestAfter || s.Predicate.Result != "PASSED" || len(s.Predicate.Configuration) != 2 ||
		!reflect.DeepEqual(s.Predicate.FailedTests, []string{"digits#1"}) {
		t.Errorf("%+v", s)
	}
	again, err := Sign(context.Background(), text, keys.private)
	if err != nil || !bytes.Equal(envelope, again) {
		t.Errorf("signed twice with one key, the envelopes differ (%v)", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	ctx := context.Background()
	keys, others := ed25519Pair(t), ed25519Pair(t)
	good, err := Sign(ctx, example(t, metrics.Retained), keys.private)
	if err != nil {
		t.Fatal(err)
	}
	change := func(field string, with func(string) string) []byte {
		var e map[string]any
		if err := json.Unmarshal(good, &e); err != nil {
			t.Fatal(err)
		}
		e[field] = with(fmt.Sprint(e[field]))
		out, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	forged := change("payload", func(p string) string {
		text, _ := base64.StdEncoding.DecodeString(p)
		return base64.StdEncoding.EncodeToString(bytes.Replace(text, []byte("FAILED"), []byte("PASSED"), 1))
	})
	for name, c := range map[string]struct {
		envelope, key []byte
		says          string
	}{
		"forged verdict": {forged, keys.public, "not made by this key"},
		"another type":   {change("payloadType", func(string) string { return "text/plain" }), keys.public, "not made by this key"},
		"another key":    {good, others.public, "not made by this key"},
		"no envelope":    {[]byte("{"), keys.public, "not a DSSE envelope"},
		"no signature":   {[]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}`), keys.public, "no signature"},
		"no key":         {good, []byte("hello"), "not in PEM"},
	} {
		if _, err := Verify(ctx, c.envelope, c.key); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	keys := ed25519Pair(t)
	text := example(t, metrics.Unlearned)
	for name, c := range map[string]struct {
		report, key []byte
		says        string
	}{
		"public key":    {text, keys.public, "private key"},
		"encrypted key": {text, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), "encrypted"},
		"broken key":    {text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), "cannot be read"},
		"no report":     {[]byte("{}"), keys.private, "schema"},
		"no digest":     {bytes.ReplaceAll(text, []byte(digestAfter), nil), keys.private, "attested"},
		"verdict":       {bytes.Replace(text, []byte(`"verdict": "unlearned"`), []byte(`"verdict": "erased"`), 1), keys.private, "erased"},
	} {
		if _, err := Sign(context.Background(), c.report, c.key); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func TestBOM(t *testing.T) {
	text := example(t, metrics.Inconclusive)
	var out bytes.Buffer
	if err := BOM(&out, text); err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(out.Bytes()), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	c := bom.Metadata.Component
	if bom.SpecVersion != cdx.SpecVersion1_6 || c.Type != cdx.ComponentTypeMachineLearningModel || (*c.Hashes)[0].Value != digestAfter ||
		(*c.Properties)[0].Value != "inconclusive" || (*(*c.Pedigree.Ancestors)[0].Hashes)[0].Value != digestBefore ||
		(*(*c.ExternalReferences)[0].Hashes)[0].Value != digest(text) || c.ModelCard.ModelParameters.ModelArchitecture != "784-1000-1" {
		t.Errorf("%s", out.String())
	}
	var again bytes.Buffer
	if err := BOM(&again, text); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("written twice, the bill of materials differs (%v)", err)
	}
	if err := BOM(&out, []byte("{}")); err == nil {
		t.Error("no report, but a bill of materials")
	}
}
