package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// printable writes what a terminal would obey as what it is: names come out of files that strangers made. Line ends stay.
func printable(text string) string {
	return escape(text, func(r rune) bool { return r == '\n' || r == '\t' })
}

// oneLine is printable without line ends, for names within a line.
func oneLine(text string) string { return escape(text, func(rune) bool { return false }) }

// escape replaces what neither is printable nor stays, such as escape sequences and marks that turn the direction of writing.
func escape(text string, stays func(rune) bool) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || stays(r) {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	return out.String()
}

// printf is fmt.Fprintf with every string, and everything that has a text, on one line and harmless.
func printf(w io.Writer, format string, args ...any) (int, error) {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			args[i] = oneLine(v)
		case fmt.Stringer:
			args[i] = oneLine(v.String())
		case error:
			args[i] = oneLine(v.Error())
		}
	}
	return fmt.Fprintf(w, format, args...)
}
