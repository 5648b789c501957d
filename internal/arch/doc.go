// Package arch has no code of its own: its tests are the rules of the house, read from
// the source of every package. Who may import whom is the table in table_test.go.
package arch
