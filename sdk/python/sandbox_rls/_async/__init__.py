# SPDX-License-Identifier: MIT
"""The clients for asyncio. Those in _sync are generated from these."""
