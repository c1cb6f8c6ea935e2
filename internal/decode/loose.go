package decode

import (
	"reflect"

	"github.com/mitchellh/mapstructure"
)

// named makes fields by name of a Go map of any type, such as the map[any]any that YAML is read
// into. Its keys have to be strings or, where numbers is set, whole numbers, which mapstructure
// writes out. What was found is "" where that could be done.
func named(in any, numbers bool) (m map[string]any, found string) {
	if m, ok := in.(map[string]any); ok {
		return m, ""
	}
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Map {
		return nil, kindOf(in)
	}
	for iter := v.MapRange(); iter.Next(); {
		key := iter.Key()
		if key.Kind() == reflect.Interface {
			key = key.Elem()
		}
		if k := key.Kind(); k != reflect.String && !(numbers && (isInt(k) || isUint(k))) {
			return nil, "map with other keys"
		}
	}
	config := &mapstructure.DecoderConfig{WeaklyTypedInput: true, Result: &m}
	decoder, err := mapstructure.NewDecoder(config)
	if err == nil {
		err = decoder.Decode(in)
	}
	switch {
	case err != nil: // its text quotes values
		return nil, "map that cannot be read by name"
	case len(m) != v.Len():
		return nil, "map with two keys of one name"
	case m == nil && !v.IsNil():
		m = map[string]any{}
	}
	return m, ""
}
