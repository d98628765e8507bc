"""The national data opt-out: ask who may be used, believe only a fresh answer.

`request` writes the question, `load` takes the answer, `gate` stands before every
build: docs/how_to/opt_out_and_erasure.md. The answer is a list of those who may be
used. Who opted out is said nowhere; what is missing from the answer does not go on.
"""
