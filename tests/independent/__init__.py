"""A second calculation of the warehouse's figures, from the raw submissions alone.

What belongs here: straight-line Python over plain rows, written from the official
measure constructions and the published derivation rules. Nothing is shared with the
models, macros, seeds or packages that it proves: lists and thresholds are typed
again, and a test fails on any import outside the standard library. Slow and obvious on
purpose.
"""
