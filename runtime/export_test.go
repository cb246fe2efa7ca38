// SPDX-License-Identifier: MIT

package runtime

// Diagnose is diagnose, for tests with faked facts.
var Diagnose = diagnose
