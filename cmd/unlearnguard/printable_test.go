package main

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain, größer, 数":              "plain, größer, 数",
		"\x1b[31mred\x07":               `\x1b[31mred\a`,
		"two\nlines\tand a tab":         "two\nlines\tand a tab",
		"\u202eturned\u2066":            `\u202eturned\u2066`,
		"carriage\rreturn, \x9b, \x00.": `carriage\rreturn, ` + "\ufffd" + `, \x00.`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q is printed %q, want %q", text, got, want)
		}
	}
	var out strings.Builder
	printf(&out, "%s %d %v\n", "a\nb", 3, fake{})
	if got, want := out.String(), "a\\nb 3 \\x1b\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

type fake struct{}

func (fake) String() string { return "\x1b" }
