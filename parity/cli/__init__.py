"""The command `parity`: one module a subcommand, `parity.cli.main:run` starts it.

What belongs here: reading arguments, showing results, exit codes. Every step is a plain
function of the package that owns it, called the same way by Dagster. Heavy packages
(Dagster, DuckDB, polars) are imported inside the command that needs them, so that
`parity --help` answers at once.
"""
