package decode

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
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

// isNumber tells whether k is a kind of real number.
func isNumber(k reflect.Kind) bool { return isInt(k) || isUint(k) || isFloat(k) }

func isInt(k reflect.Kind) bool   { return k >= reflect.Int && k <= reflect.Int64 }
func isUint(k reflect.Kind) bool  { return k >= reflect.Uint && k <= reflect.Uintptr }
func isFloat(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

// setNumber sets dst to the number in: any Go number or a json.Number. An integer is exact or
// refused; a float is the nearest one. What was found is "" if in fits.
func setNumber(in any, dst reflect.Value) (found string) {
	kind := dst.Kind()
	if isFloat(kind) {
		f, found := floatOf(in, dst.Type().Bits())
		if found == "" {
			dst.SetFloat(f)
		}
		return found
	}
	whole, found := wholeOf(in)
	switch {
	case found != "":
		return found
	case isInt(kind):
		limit := uint64(1) << (dst.Type().Bits() - 1)
		if whole.size > limit || whole.size == limit && !whole.negative {
			return foundRange
		}
		dst.SetInt(whole.int64())
	case whole.negative:
		return foundNegative
	case dst.OverflowUint(whole.size):
		return foundRange
	default:
		dst.SetUint(whole.size)
	}
	return ""
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
	switch v := in.(type) {
	case float64:
		return wholeOfFloat(v)
	case json.Number:
		return wholeOfText(string(v))
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

// wholeOfText reads a JSON number digit by digit, because a float64 would lose digits and a big
// number could be made as long as its exponent says.
func wholeOfText(text string) (n wholeNumber, found string) {
	d, ok := scanNumber(text)
	if !ok {
		return n, foundNoNumber
	}
	digits := d.whole
	if d.fraction != "" {
		digits += d.fraction
	}
	digits = strings.TrimLeft(digits, "0")
	kept := strings.TrimRight(digits, "0")
	shift := d.exponent - int64(len(d.fraction)) + int64(len(digits)-len(kept)) // zeros behind kept
	switch {
	case kept == "":
		return n, ""
	case shift < 0:
		return n, foundFraction
	case int64(len(kept))+shift > int64(len("18446744073709551615")):
		return n, foundRange
	}
	size, err := strconv.ParseUint(kept+strings.Repeat("0", int(shift)), 10, 64)
	if err != nil {
		return n, foundRange
	}
	return wholeNumber{d.negative, size}, ""
}

// decimal is the parts of a JSON number.
type decimal struct {
	negative        bool
	whole, fraction string // digits
	exponent        int64  // no farther from zero than farExponent
}

// farExponent is more than any number of digits, and far from the limits of its type, so that it
// can be calculated with.
const farExponent = 1 << 50

// scanNumber splits a JSON number into its parts, and reports whether text is one.
func scanNumber(text string) (d decimal, ok bool) {
	rest, negative := strings.CutPrefix(text, "-")
	d.negative = negative
	d.whole, rest = leadingDigits(rest)
	if d.whole == "" || d.whole[0] == '0' && len(d.whole) > 1 {
		return d, false
	}
	if after, has := strings.CutPrefix(rest, "."); has {
		if d.fraction, rest = leadingDigits(after); d.fraction == "" {
			return d, false
		}
	}
	if rest == "" {
		return d, true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return d, false
	}
	rest = rest[1:]
	minus := strings.HasPrefix(rest, "-")
	if minus || strings.HasPrefix(rest, "+") {
		rest = rest[1:]
	}
	digits, rest := leadingDigits(rest)
	for i := range len(digits) {
		d.exponent = min(10*d.exponent+int64(digits[i]-'0'), farExponent)
	}
	if minus {
		d.exponent = -d.exponent
	}
	return d, digits != "" && rest == ""
}

// leadingDigits splits off the digits that text begins with.
func leadingDigits(text string) (digits, rest string) {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

// floatOf is the float in, or what was found instead. Bits is the size of the target: what was
// given is rounded to it once.
func floatOf(in any, bits int) (f float64, found string) {
	switch v := in.(type) {
	case float64:
		return roundFloat(v, bits)
	case json.Number:
		if _, ok := scanNumber(string(v)); !ok {
			return 0, foundNoNumber
		}
		return parseFloat(string(v), bits)
	}
	switch v := reflect.ValueOf(in); {
	case isInt(v.Kind()) && max(v.Int(), -v.Int()) <= 1<<24: // a float32 holds it
		return float64(v.Int()), ""
	case isInt(v.Kind()):
		return parseFloat(strconv.FormatInt(v.Int(), 10), bits)
	case isUint(v.Kind()):
		return parseFloat(strconv.FormatUint(v.Uint(), 10), bits)
	case isFloat(v.Kind()):
		return roundFloat(v.Float(), bits)
	}
	return 0, kindOf(in)
}

func parseFloat(text string, bits int) (f float64, found string) {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return 0, foundRange
	}
	return f, ""
}

func roundFloat(f float64, bits int) (rounded float64, found string) {
	switch {
	case math.IsNaN(f):
		return 0, foundNaN
	case math.IsInf(f, 0):
		return 0, foundInfinite
	case bits == 64:
		return f, ""
	}
	rounded = float64(float32(f))
	if math.IsInf(rounded, 0) {
		return 0, foundRange
	}
	return rounded, ""
}

// jsonNumber takes a number with the digits that it was given with. A float64 gets those that
// encoding/json would write.
func (w *walk) jsonNumber(p *plan, in any, dst reflect.Value) {
	number, ok := in.(json.Number)
	if !ok {
		if !isNumber(reflect.TypeOf(in).Kind()) {
			w.refuse(p.typ, kindOf(in))
			return
		}
		if _, found := floatOf(in, 64); found != "" { // NaN has no digits
			w.refuse(p.typ, found)
			return
		}
		text, _ := w.jsonOf(in)
		number = json.Number(text)
	}
	if _, ok := scanNumber(string(number)); !ok {
		w.refuse(p.typ, foundNoNumber)
		return
	}
	dst.SetString(string(number))
}

// wantedNumber is wantedOf for numbers.
func wantedNumber(t reflect.Type) string {
	switch bits := t.Bits(); {
	case isInt(t.Kind()):
		return fmt.Sprintf("a whole number from %d to %d",
			int64(-1)<<(bits-1), int64(1)<<(bits-1)-1)
	case isUint(t.Kind()):
		return fmt.Sprintf("a whole number from 0 to %d", uint64(math.MaxUint64)>>(64-bits))
	default:
		return fmt.Sprintf("a finite number that a float%d holds", bits)
	}
}
