package handlers

import (
	"reflect"
	"runtime/debug"
	"strings"
)

// foreign returns the first of the embedded fields on the way to a method whose type is of another
// module than the scanned one, and the type that embeds it: only its author can change the method.
func (p place) foreign(scanned reflect.Type) (in reflect.Type, field reflect.StructField, ok bool) {
	info, known := debug.ReadBuildInfo()
	if !known {
		info = &debug.BuildInfo{}
	}
	in = elemOf(scanned)
	own := moduleOf(info, in.PkgPath())
	for _, f := range p.path {
		t := elemOf(f.Type)
		if moduleOf(info, t.PkgPath()) != own {
			return in, f, true
		}
		in = t
	}
	return nil, reflect.StructField{}, false
}

// moduleOf is the path of the module that a package is of, "std" for the standard library. Where
// the binary does not say, as that of a test does not name what it depends on, it has as many
// elements as the path of a repository usually has.
func moduleOf(info *debug.BuildInfo, pkg string) string {
	switch pkg {
	case "", "main", "command-line-arguments": // "" is that of a struct type without a name
		return info.Main.Path
	}
	pkg = strings.TrimSuffix(pkg, "_test")
	of := ""
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if strings.HasPrefix(pkg+"/", m.Path+"/") && len(m.Path) > len(of) {
			of = m.Path // the longest: a module may be in the directory of another
		}
	}
	if of != "" {
		return of
	}
	elements := strings.Split(pkg, "/")
	if !strings.Contains(elements[0], ".") {
		return "std"
	}
	return strings.Join(elements[:min(3, len(elements))], "/")
}
