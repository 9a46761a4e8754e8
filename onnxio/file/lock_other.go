//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package file

import (
	"errors"
	"os"
)

// locks says that this system has no advisory locks that end with the process, or none that a folder can have.
const locks = false

type lockKind int

const (
	shared lockKind = iota
	alone
	tryAlone
)

var errHeld = errors.New("held")

func lock(*os.File, lockKind) error { return errors.ErrUnsupported }
