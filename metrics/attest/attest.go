// Package attest lets an auditor stand by a report: it states the outcome over the digests of the two models as an
// in-toto test result and signs it.
//
// [Sign] takes a finished report.json and a private key and returns a DSSE envelope around an in-toto Statement v1 with
// the predicate test-result v0.1. [Verify] takes such an envelope and a public key, and returns what was attested; its
// methods then say whether a report or a model file at hand is the one that was meant. [BOM] describes the audited
// models as a CycloneDX bill of materials.
//
// # Keys
//
// Keys are PEM files: Ed25519, ECDSA or RSA, unencrypted (PKCS #8 for private keys, PKIX for public ones). OpenSSL makes a
// pair with
//
//	openssl genpkey -algorithm ed25519 -out auditor.pem
//	openssl pkey -in auditor.pem -pubout -out auditor.pub.pem
//
// # Commitments
//
// [Commit] signs the digests of files at a time, such as those of a network's initial weights before it is trained;
// [ReadCommitment] checks such a statement. What it is worth depends on who signed it: a party that can sign later with an earlier
// time has committed to nothing.
//
// # Mapping
//
// The subjects are the two models. The result is PASSED for a verdict of unlearned, FAILED for retained and WARNED for
// inconclusive; the tests are the samples to forget, by the same rule. A request may be decided by what its samples show
// together where none can be judged by itself: then it is PASSED or FAILED, and its tests are warned of. The configuration
// is report.json by its digest, with the inputs that it names.
package attest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// The types of the envelope's payload and of the statement's predicate.
const (
	PayloadType   = "application/vnd.in-toto+json"
	PredicateType = "https://in-toto.io/attestation/test-result/v0.1"
)

// MaxBytes bounds the length of an envelope, which names each sample and each file that was read: a tenth of it for 10,000 of
// either.
const MaxBytes = 16 << 20

// reportName names report.json among the configuration.
const reportName = "report.json"

// results are the in-toto words for verdicts.
var results = map[metrics.Verdict]string{
	metrics.Unlearned:    "PASSED",
	metrics.Retained:     "FAILED",
	metrics.Inconclusive: "WARNED",
}

// Sign attests to the audit whose report.json is given, byte for byte, with a private key in PEM. It returns a DSSE
// envelope in JSON.
func Sign(ctx context.Context, reportJSON, privateKey []byte) ([]byte, error) {
	payload, err := statement(reportJSON)
	if err != nil {
		return nil, err
	}
	return sign(ctx, payload, privateKey)
}

// sign puts a statement into an envelope.
func sign(ctx context.Context, payload, privateKey []byte) ([]byte, error) {
	key, err := loadKey(privateKey, true)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, err
	}
	envelope, err := signer.SignPayload(ctx, PayloadType, payload)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(envelope, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

// statement returns the in-toto statement on a report, in JSON.
func statement(reportJSON []byte) ([]byte, error) {
	r, err := readReport(reportJSON)
	if err != nil {
		return nil, err
	}
	predicate, err := predicateOf(r, reportJSON)
	if err != nil {
		return nil, err
	}
	s := &intoto.Statement{
		Type:          intoto.StatementTypeUri,
		PredicateType: PredicateType,
		Predicate:     predicate,
	}
	for _, m := range []struct {
		role string
		report.Model
	}{{"after", r.Models.After}, {"before", r.Models.Before}} {
		role, err := structpb.NewStruct(map[string]any{"role": m.role})
		if err != nil {
			return nil, err
		}
		s.Subject = append(s.Subject, &intoto.ResourceDescriptor{
			Name: filepath.Base(m.Path), Digest: map[string]string{"sha256": m.SHA256}, Annotations: role,
		})
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("report.json cannot be attested to: %w", err)
	}
	return marshal(s)
}

func readReport(text []byte) (report.Report, error) {
	r, err := report.Parse(text)
	if err != nil {
		return r, fmt.Errorf("report.json: %w", err)
	}
	if results[r.Summary.Verdict] == "" {
		return r, fmt.Errorf("report.json: unknown verdict %q", r.Summary.Verdict)
	}
	return r, nil
}

// predicateOf is the test result as the general object that a statement holds.
func predicateOf(r report.Report, reportJSON []byte) (*structpb.Struct, error) {
	result := &testresult.TestResult{Result: results[r.Summary.Verdict]}
	result.Configuration = append(result.Configuration, &intoto.ResourceDescriptor{
		Name: reportName, Digest: map[string]string{"sha256": digest(reportJSON)}, MediaType: "application/json",
	})
	for _, in := range r.Inputs {
		result.Configuration = append(result.Configuration, &intoto.ResourceDescriptor{
			Name: in.Use + ": " + path.Base(filepath.ToSlash(in.Path)), Digest: map[string]string{"sha256": in.SHA256},
		})
	}
	for _, s := range r.Samples {
		if s.Role != metrics.Forget {
			continue
		}
		switch s.Verdict {
		case metrics.Unlearned:
			result.PassedTests = append(result.PassedTests, s.Source)
		case metrics.Retained:
			result.FailedTests = append(result.FailedTests, s.Source)
		default:
			result.WarnedTests = append(result.WarnedTests, s.Source)
		}
	}
	text, err := marshal(result)
	if err != nil {
		return nil, err
	}
	out := &structpb.Struct{}
	return out, protojson.Unmarshal(text, out)
}

// marshal encodes a message as JSON without the random spaces that protojson puts in.
func marshal(m proto.Message) ([]byte, error) {
	text, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Attestation is what somebody put a signature to.
type Attestation struct {
	Verdict metrics.Verdict `json:"verdict"`
	// Before, After and Report are the SHA-256 digests of the two models and of report.json.
	Before string `json:"before"`
	After  string `json:"after"`
	Report string `json:"report"`
	// Unlearned, Retained and Inconclusive name the samples to forget by verdict.
	Unlearned    []string `json:"unlearned"`
	Retained     []string `json:"retained"`
	Inconclusive []string `json:"inconclusive"`
	// Inputs are the SHA-256 digests of everything else that the audit read, images and external weights among it.
	Inputs []string `json:"inputs"`
	// KeyID identifies the key that the signature was checked with.
	KeyID string `json:"key_id"`
}

// Verify checks the signature on an envelope against a public key in PEM and returns what it attests to. An error means
// that nothing in the envelope is authentic.
func Verify(ctx context.Context, envelope, publicKey []byte) (Attestation, error) {
	payload, keyID, err := open(ctx, envelope, publicKey)
	if err != nil {
		return Attestation{}, err
	}
	out, err := parse(payload)
	if err != nil {
		return Attestation{}, err
	}
	out.KeyID = keyID
	return out, nil
}

// open checks an envelope's signature and returns the statement in it.
func open(ctx context.Context, envelope, publicKey []byte) (payload []byte, keyID string, err error) {
	if len(envelope) > MaxBytes {
		return nil, "", fmt.Errorf("not a DSSE envelope of this tool: it is %d bytes long, and at most %d are read", len(envelope), MaxBytes)
	}
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return nil, "", fmt.Errorf("not a DSSE envelope: %w", err)
	}
	key, err := loadKey(publicKey, false)
	if err != nil {
		return nil, "", err
	}
	verifier, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return nil, "", err
	}
	accepted, payload, err := verifier.VerifyAndDecode(ctx, &e)
	if err != nil {
		return nil, "", fmt.Errorf("the signature was not made by this key over this content: %w", err)
	}
	if e.PayloadType != PayloadType {
		return nil, "", fmt.Errorf("the envelope holds %q, not an in-toto statement", e.PayloadType)
	}
	return payload, accepted[0].KeyID, nil
}

// parse reads a statement of this package's making.
func parse(payload []byte) (Attestation, error) {
	var s intoto.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		return Attestation{}, fmt.Errorf("not an in-toto statement: %w", err)
	}
	if err := s.Validate(); err != nil {
		return Attestation{}, fmt.Errorf("not an in-toto statement: %w", err)
	}
	if s.PredicateType != PredicateType {
		return Attestation{}, fmt.Errorf("the statement is a %q, not a test result", s.PredicateType)
	}
	text, err := protojson.Marshal(s.Predicate)
	if err != nil {
		return Attestation{}, err
	}
	var result testresult.TestResult
	if err := protojson.Unmarshal(text, &result); err != nil {
		return Attestation{}, fmt.Errorf("not a test result: %w", err)
	}
	out := Attestation{Unlearned: result.PassedTests, Retained: result.FailedTests, Inconclusive: result.WarnedTests}
	for verdict, name := range results {
		if name == result.Result {
			out.Verdict = verdict
		}
	}
	for _, subject := range s.Subject {
		switch subject.GetAnnotations().GetFields()["role"].GetStringValue() {
		case "before":
			out.Before = subject.Digest["sha256"]
		case "after":
			out.After = subject.Digest["sha256"]
		}
	}
	for _, c := range result.Configuration {
		if c.Name == reportName {
			out.Report = c.Digest["sha256"]
		} else {
			out.Inputs = append(out.Inputs, c.Digest["sha256"])
		}
	}
	if out.Verdict == "" || out.Before == "" || out.After == "" || out.Report == "" {
		return Attestation{}, errors.New("the statement does not name a verdict, both models and a report")
	}
	return out, nil
}

// MatchReport reports an error unless reportJSON is, byte for byte, the report that was attested to.
func (a Attestation) MatchReport(reportJSON []byte) error {
	if got := digest(reportJSON); got != a.Report {
		return fmt.Errorf("report.json has the digest %s, the attested one %s: it was changed or is another", got, a.Report)
	}
	return nil
}

// MatchInput reports an error unless a file with the given SHA-256 digest is among what the audit read.
func (a Attestation) MatchInput(sha256 string) error {
	if !slices.Contains(a.Inputs, strings.ToLower(sha256)) {
		return fmt.Errorf("a file with the digest %s is not part of the attestation", sha256)
	}
	return nil
}

// MatchModel returns which of the attested models has the given SHA-256 digest, "before" or "after", or an error if
// neither has.
func (a Attestation) MatchModel(sha256 string) (string, error) {
	switch strings.ToLower(sha256) {
	case a.After:
		return "after", nil
	case a.Before:
		return "before", nil
	}
	return "", fmt.Errorf("a model with the digest %s is not part of the attestation", sha256)
}
