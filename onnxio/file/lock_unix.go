//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package file

import (
	"errors"
	"os"
	"syscall"
)

// locks says that this system has the advisory locks that end with the process.
const locks = true

type lockKind int

const (
	shared   lockKind = syscall.LOCK_SH
	alone    lockKind = syscall.LOCK_EX
	tryAlone lockKind = syscall.LOCK_EX | syscall.LOCK_NB
)

// errHeld is the error of tryAlone for a lock that another process holds.
var errHeld error = syscall.EWOULDBLOCK

func lock(f *os.File, how lockKind) error {
	for {
		if err := syscall.Flock(int(f.Fd()), int(how)); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
