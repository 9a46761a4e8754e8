package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// A full disk is told to whoever runs the server, which takes nothing more until it is started again.
func TestFullDiskIsTold(t *testing.T) {
	store := t.TempDir()
	if err := syscall.Mount("tmpfs", store, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("this machine allows no file systems to be mounted: %v", err)
	}
	defer syscall.Unmount(store, syscall.MNT_DETACH)
	s, err := Start(Options{Store: store, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	c, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := c.JetStream(nats.MaxWait(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: "all", Subjects: []string{"all"}}); err != nil {
		t.Fatal(err)
	}
	// Others fill the disk: the server bounds what it takes by the space that it saw when it started.
	if err := os.WriteFile(filepath.Join(store, "filler"), make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk did not run full: %v", err)
	}
	if _, err = js.Publish("all", make([]byte, 100<<10)); err == nil {
		t.Error("what was not written is confirmed")
	}
	select {
	case err := <-s.Broken():
		if !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("the reason is %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody is told")
	}
}
