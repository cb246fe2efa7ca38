// SPDX-License-Identifier: MIT

// Package token keeps the tokens by which a server knows whose a call is. They are
// in a file that programs may share: one makes and revokes tokens while another
// asks whose they are.
//
// A token is 256 random bits. The file has the SHA-256 of each: what is random and
// so long needs no slow hash, since it cannot be guessed. Whoever reads the file
// cannot use what is in it.
package token
