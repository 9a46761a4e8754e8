package batch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Names become folders, on any file system.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// reserved are taken by the index and by us, or by Windows for devices, with any extension.
var reserved = []string{"index.html", "index.json", stateFolder,
	"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// checkName refuses a name that cannot be that of a folder everywhere.
func checkName(name string) error {
	switch lower := strings.ToLower(name); {
	case !plainName.MatchString(name), strings.HasSuffix(name, "."):
		return fmt.Errorf("the name %q: give letters, digits, dots, hyphens and underscores, at most 100, a letter or digit first, no dot last", name)
	case slices.Contains(reserved, lower), slices.Contains(reserved, strings.SplitN(lower, ".", 2)[0]):
		return fmt.Errorf("the name %q is reserved: give another", name)
	}
	return nil
}
