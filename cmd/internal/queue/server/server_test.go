package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// An address that others can reach needs a secret and TLS, both.
func TestOpenAddressesAreRefused(t *testing.T) {
	cert, key := certificate(t)
	for _, c := range []struct {
		o       Options
		refused bool
	}{
		{Options{Listen: "127.0.0.1:1"}, false},
		{Options{Listen: "localhost:1"}, false},
		{Options{Listen: "[::1]:1"}, false},
		{Options{Listen: ":1", Token: "t"}, true},
		{Options{Listen: "0.0.0.0:1", Token: "t"}, true},
		{Options{Listen: "[::]:1", Cert: cert, Key: key}, true},
		{Options{Listen: "queue.example.org:1", Token: "t"}, true},
		{Options{Listen: "0.0.0.0:1", Token: "t", Cert: cert, Key: key}, false},
		{Options{Listen: "0.0.0.0:1", User: "U", Cert: cert, Key: key}, false},
	} {
		if _, err := c.o.server(); errors.Is(err, ErrOpen) != c.refused || err != nil && !c.refused {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	for _, listen := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"} {
		if _, err := (Options{Listen: listen}).server(); err == nil {
			t.Errorf("%s is taken for an address", listen)
		}
	}
}

// What is confirmed is on the disk: the one setting that all promises rest on.
func TestEverythingIsSynced(t *testing.T) {
	o, err := Options{Listen: "127.0.0.1:0"}.server()
	if err != nil || !o.SyncAlways {
		t.Errorf("SyncAlways is %v (%v)", o.SyncAlways, err)
	}
}

// Over TLS, the one user whose seed the server knows gets in, and nobody else does.
func TestUserOverTLS(t *testing.T) {
	cert, key := certificate(t)
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{Store: t.TempDir(), Listen: "127.0.0.1:0", User: public, Cert: cert, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	url := strings.Replace(s.URL(), "nats://", "tls://", 1)
	sign := func(nonce []byte) ([]byte, error) { return pair.Sign(nonce) }
	c, err := nats.Connect(url, nats.RootCAs(cert), nats.Nkey(public, sign))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for name, options := range map[string][]nats.Option{
		"no user":             {nats.RootCAs(cert)},
		"another certificate": {nats.Nkey(public, sign)},
	} {
		if c, err := nats.Connect(url, options...); err == nil {
			c.Close()
			t.Errorf("%s: got in", name)
		}
	}
}

// certificate makes one that signs itself, for 127.0.0.1.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}
