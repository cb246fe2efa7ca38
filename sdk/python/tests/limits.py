# SPDX-License-Identifier: MIT
"""Limits of time that commands are to reach when they have begun."""

# One after the other, until a command has come so far on a busy machine, in seconds.
LIMITS = [0.5 * 2**n for n in range(8)]

# What a command says when it has printed what it prints, and what asks for that.
BEGUN = ": >/tmp/begun"
HAS_BEGUN = "rm /tmp/begun"
