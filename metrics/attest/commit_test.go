package attest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A commitment says what was signed and when, to whoever has the signer's public key, and nobody else's word counts.
func TestCommitThenRead(t *testing.T) {
	ctx := context.Background()
	key, other := ed25519Pair(t), ed25519Pair(t)
	sum := strings.Repeat("ab", 32)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	envelope, err := Commit(ctx, map[string]string{"initial.onnx": sum}, at, key.private)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadCommitment(ctx, envelope, key.public)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Time.Equal(at) || !c.Covers(strings.ToUpper(sum)) || c.Covers(strings.Repeat("ac", 32)) || c.KeyID == "" {
		t.Errorf("%+v", c)
	}
	if _, err := ReadCommitment(ctx, envelope, other.public); err == nil {
		t.Error("another key's commitment is believed")
	}
	attestation, err := Sign(ctx, example(t, "retained"), key.private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCommitment(ctx, attestation, key.public); err == nil || !strings.Contains(err.Error(), "not a commitment") {
		t.Errorf("an attestation is taken for a commitment: %v", err)
	}
	if _, err := Verify(ctx, envelope, key.public); err == nil {
		t.Error("a commitment is taken for an attestation")
	}
}
