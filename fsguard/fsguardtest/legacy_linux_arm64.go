// SPDX-License-Identifier: MIT

package fsguardtest

// legacyCalls: arm64 has only the *at family.
var legacyCalls map[string]call
