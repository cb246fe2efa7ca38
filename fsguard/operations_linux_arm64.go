// SPDX-License-Identifier: MIT

package fsguard

// legacyOperations: arm64 has only the *at family.
var legacyOperations map[int]func(*call) verdict
