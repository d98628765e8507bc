"""Erasure: one person goes from everything that a home still holds of them.

`parity.vault.erasure.person` reads who it is, `copies` ends the sealed submissions that
name them, `erase` is the order: docs/how_to/opt_out_and_erasure.md.
"""
