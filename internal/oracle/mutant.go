// SPDX-License-Identifier: MIT

package oracle

// Mutant is a mistake planted in the model: what a guard would do that has the
// opposite one. Tests plant each, and see that the cases find it.
type Mutant uint8

// The mutants. The zero value is the model as it is meant.
const (
	_             Mutant = iota
	ViewIsRead           // a view file can be opened
	RenameToNone         // a file can be moved to a hidden name
	HiddenExists         // mkdir says of a hidden name that it exists
	HiddenIsEmpty        // a directory that hides something can be removed
	LinkNeedsOne         // a file that may be read can have another name
	MovesAnyTree         // a directory is moved whatever it holds
	Mutants              // their number
)
