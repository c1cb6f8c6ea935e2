package decode

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// What numbers are found that do not fit.
const (
	foundFraction = "number with a fraction"
	foundRange    = "number out of range"
	foundNegative = "negative number"
	foundNaN      = "NaN"
	foundInfinite = "infinite number"
	foundNoNumber = "json.Number that is not a number"
)

// jsonNumber is the grammar of a JSON number: sign, digits, fraction, exponent.
var jsonNumber = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)

// isNumber tells whether k is a kind of real number.
func isNumber(k reflect.Kind) bool { return isInt(k) || isUint(k) || isFloat(k) }

func isInt(k reflect.Kind) bool   { return k >= reflect.Int && k <= reflect.Int64 }
func isUint(k reflect.Kind) bool  { return k >= reflect.Uint && k <= reflect.Uintptr }
func isFloat(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

// numberOf makes a number of type t from in: any Go number or a json.Number. An integer is exact or refused; a float is
// the nearest one. What was found is "" if in fits.
func numberOf(in any, t reflect.Type) (out reflect.Value, found string) {
	out = reflect.New(t).Elem()
	if isFloat(t.Kind()) {
		f, found := floatOf(in, t.Bits())
		if found == "" && out.OverflowFloat(f) {
			found = foundRange
		}
		out.SetFloat(f)
		return out, found
	}
	whole, found := wholeOf(in)
	switch {
	case found != "":
	case isInt(t.Kind()):
		limit := uint64(1) << (t.Bits() - 1)
		if whole.size > limit || whole.size == limit && !whole.negative {
			return out, foundRange
		}
		out.SetInt(whole.int64())
	case whole.negative:
		return out, foundNegative
	case out.OverflowUint(whole.size):
		return out, foundRange
	default:
		out.SetUint(whole.size)
	}
	return out, found
}

// wholeNumber is any int64 or uint64. Zero is not negative.
type wholeNumber struct {
	negative bool
	size     uint64
}

func (n wholeNumber) int64() int64 {
	if n.negative {
		return -int64(n.size)
	}
	return int64(n.size)
}

// wholeOf is the integer in, or what was found instead.
func wholeOf(in any) (n wholeNumber, found string) {
	if text, ok := in.(json.Number); ok {
		return wholeOfText(string(text))
	}
	switch v := reflect.ValueOf(in); {
	case isInt(v.Kind()) && v.Int() < 0:
		return wholeNumber{true, -uint64(v.Int())}, ""
	case isInt(v.Kind()):
		return wholeNumber{false, uint64(v.Int())}, ""
	case isUint(v.Kind()):
		return wholeNumber{false, v.Uint()}, ""
	case isFloat(v.Kind()):
		return wholeOfFloat(v.Float())
	}
	return n, kindOf(in)
}

func wholeOfFloat(f float64) (n wholeNumber, found string) {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return n, foundNaN
	case math.IsInf(f, 0):
		return n, foundInfinite
	case size != math.Trunc(size):
		return n, foundFraction
	case size >= 1<<64: // exact as a float64, and too large by one
		return n, foundRange
	default:
		return wholeNumber{f < 0, uint64(size)}, ""
	}
}

// wholeOfText reads a JSON number digit by digit, because a float64 would lose digits and a big number could be made as
// long as its exponent says.
func wholeOfText(text string) (n wholeNumber, found string) {
	m := jsonNumber.FindStringSubmatch(text)
	if m == nil {
		return n, foundNoNumber
	}
	sign, fraction, exponent := m[1], m[3], m[4]
	digits := strings.TrimLeft(m[2]+fraction, "0")
	if digits == "" {
		return n, ""
	}
	shift := 0
	if exponent != "" {
		e, err := strconv.ParseInt(exponent, 10, 32)
		if err != nil && strings.HasPrefix(exponent, "-") {
			return n, foundFraction
		} else if err != nil {
			return n, foundRange
		}
		shift = int(e)
	}
	shift -= len(fraction)
	kept := strings.TrimRight(digits, "0")
	shift += len(digits) - len(kept)
	if shift < 0 {
		return n, foundFraction
	}
	if len(kept)+shift > len("18446744073709551615") {
		return n, foundRange
	}
	size, err := strconv.ParseUint(kept+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return n, foundRange
	}
	return wholeNumber{sign == "-", size}, ""
}

// floatOf is the float in, or what was found instead. Bits is the size of the target, for a JSON number to be rounded
// once.
func floatOf(in any, bits int) (f float64, found string) {
	if text, ok := in.(json.Number); ok {
		if !jsonNumber.MatchString(string(text)) {
			return 0, foundNoNumber
		}
		if f, err := strconv.ParseFloat(string(text), bits); err == nil {
			return f, ""
		}
		return 0, foundRange
	}
	switch v := reflect.ValueOf(in); {
	case isInt(v.Kind()):
		return float64(v.Int()), ""
	case isUint(v.Kind()):
		return float64(v.Uint()), ""
	case !isFloat(v.Kind()):
		return 0, kindOf(in)
	case math.IsNaN(v.Float()):
		return 0, foundNaN
	case math.IsInf(v.Float(), 0):
		return 0, foundInfinite
	default:
		return v.Float(), ""
	}
}

// wantedNumber is wantedOf for numbers.
func wantedNumber(t reflect.Type) string {
	switch bits := t.Bits(); {
	case isInt(t.Kind()):
		return fmt.Sprintf("a whole number from %d to %d", int64(-1)<<(bits-1), int64(1)<<(bits-1)-1)
	case isUint(t.Kind()):
		return fmt.Sprintf("a whole number from 0 to %d", uint64(math.MaxUint64)>>(64-bits))
	default:
		return fmt.Sprintf("a finite number that a float%d holds", bits)
	}
}
