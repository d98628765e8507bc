"""The threat model as data, and what the tests say about it.

What belongs here: the 36 attacks (attacks.toml), the reading of marks, the page
docs/explanation/threat-model.md, and the report of a run. No test stands here.
"""
