package attest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"unlearnguard/metrics"
)

// testKey is the same in every run, as seeds of fuzzing must be.
func testKey(t testing.TB) keyPair {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	return pair(t, private, private.Public())
}

func TestLongFilesAreRefused(t *testing.T) {
	key := testKey(t)
	if _, err := Verify(context.Background(), bytes.Repeat([]byte(" "), MaxBytes+1), key.public); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a long envelope: %v", err)
	}
	long := append(bytes.Repeat([]byte("\n"), MaxKeyBytes), key.public...)
	if _, err := Verify(context.Background(), []byte("{}"), long); err == nil || !strings.Contains(err.Error(), "it is no key") {
		t.Errorf("a long key: %v", err)
	}
}

func TestEnvelopeThatIsCutShort(t *testing.T) {
	key := testKey(t)
	envelope, err := Sign(context.Background(), example(t, metrics.Retained), key.private)
	if err != nil {
		t.Fatal(err)
	}
	envelope = bytes.TrimSpace(envelope)
	for n := range len(envelope) {
		if _, err := Verify(context.Background(), envelope[:n], key.public); err == nil {
			t.Fatalf("the first %d of %d bytes are an attestation", n, len(envelope))
		}
	}
}

// FuzzVerify checks that no envelope panics, and that none but the signed one is taken for it.
func FuzzVerify(f *testing.F) {
	key := testKey(f)
	signed, err := Sign(context.Background(), example(f, metrics.Unlearned), key.private)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte(`{"payload": "", "payloadType": "", "signatures": []}`))
	f.Add([]byte(`{"payload": "e30=", "payloadType": "` + PayloadType + `", "signatures": [{"keyid": "", "sig": "AA=="}, {}]}`))
	want, err := Verify(context.Background(), signed, key.public)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, envelope []byte) {
		got, err := Verify(context.Background(), envelope, key.public)
		if err == nil && (got.Report != want.Report || got.Verdict != want.Verdict) {
			t.Fatalf("a forged envelope was accepted: %+v", got)
		}
	})
}

// FuzzStatement checks that no payload panics, whoever signed it.
func FuzzStatement(f *testing.F) {
	payload, err := statement(example(f, metrics.Retained))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	key := testKey(f)
	envelope, err := Commit(context.Background(), map[string]string{"a.onnx": digestBefore}, time.Unix(1e9, 0), key.private)
	if err != nil {
		f.Fatal(err)
	}
	var e struct{ Payload string }
	if err := json.Unmarshal(envelope, &e); err != nil {
		f.Fatal(err)
	}
	commitment, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(commitment)
	f.Add([]byte(`{"_type": "https://in-toto.io/Statement/v1", "subject": [null, {}], "predicate": {"a": [[[]]]}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if a, err := parse(payload); err == nil && (a.Verdict == "" || a.Before == "" || a.After == "" || a.Report == "") {
			t.Fatalf("an attestation to nothing: %+v", a)
		}
		if c, err := parseCommitment(payload); err == nil && (len(c.Files) == 0 || c.Time.IsZero()) {
			t.Fatalf("a commitment to nothing: %+v", c)
		}
	})
}

// FuzzKey checks that no text is taken for a key that cannot be used.
func FuzzKey(f *testing.F) {
	key := testKey(f)
	f.Add(key.private)
	f.Add(key.public)
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END RSA PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, private := range []bool{false, true} {
			k, err := loadKey(text, private)
			if err != nil {
				continue
			}
			if _, err := k.KeyID(); err != nil {
				t.Fatal(err)
			}
			if err := k.Verify(context.Background(), []byte("content"), []byte("no signature")); err == nil {
				t.Fatal("what is no signature was accepted")
			}
		}
	})
}
