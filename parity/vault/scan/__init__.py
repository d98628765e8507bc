"""The parts of the identifier scan; parity.vault.identifier_scan is its front door.

needles      what is looked for, and how much of what was submitted that is
collecting   needles from raw or sealed submissions
encodings    every form in which a needle might stand
search       many byte patterns at once
detector     what counts as found; findings without values
containers   files and what is inside them: text, archives, compressed data
databases    DuckDB, SQLite and Parquet, decoded column by column
values       values of columns and objects as bytes, however deep they are nested
processes    environment and arguments of a running process
"""
