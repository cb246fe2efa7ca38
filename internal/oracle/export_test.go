// SPDX-License-Identifier: MIT

package oracle

// ExpectBy performs a case on a model with a mistake.
func (c Case) ExpectBy(m Mutant) Outcome { return c.expect(m) }
