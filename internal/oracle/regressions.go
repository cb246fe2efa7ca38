// SPDX-License-Identifier: MIT

package oracle

// Regressions are the small cases in which a sandbox, or the model, was found
// to be wrong.
var Regressions = []Case{}
