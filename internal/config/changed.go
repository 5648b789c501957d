package config

import "reflect"

// Changed returns the keys of the settings that differ, in the order of the reference.
func Changed(a, b *Serve) (keys []string) {
	rows := settings(b)
	for i, s := range settings(a) {
		if !s.same(&rows[i]) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// same reports whether two rows of one setting have the same value.
func (s *Setting) same(other *Setting) bool {
	if s.Members != nil {
		return reflect.DeepEqual(s.Members.value(), other.Members.value())
	}
	return reflect.DeepEqual(s.Value, other.Value)
}
