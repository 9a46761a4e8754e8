package attest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// CommitmentType is the type of a commitment's predicate.
const CommitmentType = "urn:unlearnguard:commitment:v1"

// Commitment is the digests of files that somebody put a signature to at a time.
type Commitment struct {
	// Time is what the signer stated.
	Time time.Time `json:"time"`
	// Files are the SHA-256 digests by the files' names.
	Files map[string]string `json:"files"`
	// KeyID identifies the key that the signature was checked with.
	KeyID string `json:"key_id"`
}

// Commit signs the digests of files (SHA-256, by name) with a private key in PEM, and returns a DSSE envelope in JSON.
func Commit(ctx context.Context, files map[string]string, at time.Time, privateKey []byte) ([]byte, error) {
	predicate, err := structpb.NewStruct(map[string]any{"time": at.UTC().Format(time.RFC3339)})
	if err != nil {
		return nil, err
	}
	s := &intoto.Statement{Type: intoto.StatementTypeUri, PredicateType: CommitmentType, Predicate: predicate}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		s.Subject = append(s.Subject, &intoto.ResourceDescriptor{Name: name, Digest: map[string]string{"sha256": files[name]}})
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("these files cannot be committed to: %w", err)
	}
	payload, err := marshal(s)
	if err != nil {
		return nil, err
	}
	return sign(ctx, payload, privateKey)
}

// ReadCommitment checks the signature on an envelope against a public key in PEM and returns what it commits to.
func ReadCommitment(ctx context.Context, envelope, publicKey []byte) (Commitment, error) {
	payload, keyID, err := open(ctx, envelope, publicKey)
	if err != nil {
		return Commitment{}, err
	}
	out, err := parseCommitment(payload)
	out.KeyID = keyID
	return out, err
}

// parseCommitment reads a statement of Commit's making.
func parseCommitment(payload []byte) (Commitment, error) {
	var s intoto.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		return Commitment{}, fmt.Errorf("not an in-toto statement: %w", err)
	}
	if s.PredicateType != CommitmentType {
		return Commitment{}, fmt.Errorf("the statement is a %q, not a commitment", s.PredicateType)
	}
	out := Commitment{Files: map[string]string{}}
	var err error
	if out.Time, err = time.Parse(time.RFC3339, s.Predicate.GetFields()["time"].GetStringValue()); err != nil {
		return Commitment{}, fmt.Errorf("the commitment states no time: %w", err)
	}
	for _, f := range s.Subject {
		out.Files[f.Name] = strings.ToLower(f.Digest["sha256"])
	}
	if len(out.Files) == 0 {
		return Commitment{}, errors.New("the commitment names no file")
	}
	return out, nil
}

// Covers reports whether a file of the given SHA-256 digest is among those committed to.
func (c Commitment) Covers(sha256 string) bool {
	for _, f := range c.Files {
		if f == strings.ToLower(sha256) {
			return true
		}
	}
	return false
}
