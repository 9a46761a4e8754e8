package attest

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
)

// MaxKeyBytes bounds the length of a key's file; that of RSA with 16384 bits takes 12 KB. Checking a signature by a much longer
// one would take minutes.
const MaxKeyBytes = 16 << 10

// loadKey reads a key in PEM. A private one also verifies.
func loadKey(text []byte, private bool) (dsse.SignerVerifier, error) {
	if len(text) > MaxKeyBytes {
		return nil, fmt.Errorf("the key is %d bytes long, and at most %d are read: it is no key", len(text), MaxKeyBytes)
	}
	block, _ := pem.Decode(bytes.TrimSpace(text))
	switch {
	case block == nil:
		return nil, errors.New("the key is not in PEM: it should begin with -----BEGIN")
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, errors.New("the key is encrypted: decrypt it first, for example with openssl pkey -in KEY -out PLAIN")
	case private && !strings.Contains(block.Type, "PRIVATE"):
		return nil, fmt.Errorf("signing needs a private key, and this is a %s", strings.ToLower(block.Type))
	}
	key, err := signerverifier.LoadKey(text)
	if err != nil {
		return nil, fmt.Errorf("the key cannot be read: %w", err)
	}
	switch key.KeyType {
	case signerverifier.ED25519KeyType:
		return signerverifier.NewED25519SignerVerifierFromSSLibKey(key)
	case signerverifier.ECDSAKeyType:
		return signerverifier.NewECDSASignerVerifierFromSSLibKey(key)
	case signerverifier.RSAKeyType:
		return signerverifier.NewRSAPSSSignerVerifierFromSSLibKey(key)
	}
	return nil, fmt.Errorf("keys of type %s are not supported: use ed25519, ecdsa or rsa", key.KeyType)
}
