"""How fast pseudonyms are made, in how much memory: `make bench`.

What belongs here: one run over made-up numbers that prints a table (or --json) and ends
with 1 when a target is missed. Targets:

    column path : `hmac.digest` a value                 at least 6
    column path : `cryptography`, contexts copied       at least 2
    peak memory of ten times as many identifiers        at most 1.25

The peak of one process is never quite flat: the allocator keeps some 10 % more after
ten times as many, which is under a byte an identifier.

All three ways do one whole tier on distinct values: encode, HMAC, cut, UUID text.
Each is timed several times in turn and the best counts, because other processes only
ever slow one down. The column path uses every core and the others one, so a machine
that is busy hides the ratios: the load before the run stands in the table. The block
rate of SHA-256 is what `openssl speed` reaches in C on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import polars as pl
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from rich.console import Console
from rich.table import Table

from pseudonymisation.encoding import encode, text_part
from pseudonymisation.keyed_hash import (
    pseudonym_text_column,
    token_column,
    uuid_text,
)
from pseudonymisation.keys import generate_key
from pseudonymisation.sealed_identifier import seal_identifiers, unseal_identifiers

DOMAIN = "person"
FIRST = 9_990_000_000
BATCH = 250_000
BLOCK_BYTES = 64
PADDING_BYTES = 9  # SHA-256 ends a text with a bit and its length in 8 bytes
TIMES = 7
OPENSSL_BYTES = 16_384


@dataclass(frozen=True)
class Line:
    """A figure. target: what it must reach, with >= or <= before it; blank: none."""

    what: str
    figure: float
    unit: str
    target: str = ""

    @property
    def is_reached(self) -> bool:
        sign, _, bound = self.target.partition(" ")
        if sign == ">=":
            return self.figure >= float(bound)
        return self.figure <= float(bound) if sign else True


def numbers(count: int) -> pl.Series:
    """Distinct ten-digit texts."""
    return pl.select(n=pl.int_range(FIRST, FIRST + count).cast(pl.String)).to_series()


def by_column(key: bytes, values: pl.Series) -> pl.Series:
    """What the vault does, on all threads."""
    made = pseudonym_text_column(key, DOMAIN, text_part(pl.col("n")))
    frame = values.to_frame().lazy().select(made.alias("pseudonym"))
    return frame.collect(engine="streaming").to_series()


def as_text(tag: bytes) -> str:
    t = tag.hex()
    return f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:32]}"


def by_hmac_digest(key: bytes, values: pl.Series) -> pl.Series:
    """The standard library, a value at a time; the head of the encoding made once."""
    hmac_key, head = key.hex().encode(), encode(DOMAIN) + b"t%d:%b"
    digest = hmac.digest
    texts = []
    for value in values.to_list():
        raw = value.encode()
        texts.append(as_text(digest(hmac_key, head % (len(raw), raw), "sha256")))
    return pl.Series(texts)


def by_copied_contexts(key: bytes, values: pl.Series) -> pl.Series:
    """`cryptography` at its best: the padded keys hashed once, copied each time."""
    context, head = HMAC(key.hex().encode(), SHA256()), encode(DOMAIN) + b"t%d:%b"
    texts = []
    for value in values.to_list():
        raw, mac = value.encode(), context.copy()
        mac.update(head % (len(raw), raw))
        texts.append(as_text(mac.finalize()))
    return pl.Series(texts)


def rates(
    ways: dict[str, Callable[[bytes, pl.Series], pl.Series]], rows: dict[str, int]
) -> dict[str, float]:
    """Rows a second of each way, the best of several runs in turn."""
    key, best = generate_key(), dict.fromkeys(ways, 0.0)
    values = {name: numbers(rows[name]) for name in ways}
    for _ in range(TIMES):
        for name, make in ways.items():
            start = time.perf_counter()
            made = make(key, values[name])
            best[name] = max(best[name], len(made) / (time.perf_counter() - start))
    return best


def agree() -> None:
    """What is compared for speed makes the same pseudonyms, or nothing is compared."""
    key, values = generate_key(), numbers(1_000)
    wanted = by_column(key, values).to_list()
    if by_hmac_digest(key, values).to_list() != wanted:
        raise SystemExit("hmac.digest makes other pseudonyms than the column path")
    if by_copied_contexts(key, values).to_list() != wanted:
        raise SystemExit("cryptography makes other pseudonyms than the column path")
    if as_text(bytes(16)) != uuid_text(bytes(16)):
        raise SystemExit("the text of a pseudonym differs")


def speed(rows: int) -> list[Line]:
    """One tier in three ways, their ratios, and the share of what C could do."""
    agree()
    found = rates(
        {
            "column": by_column,
            "digest": by_hmac_digest,
            "copied": by_copied_contexts,
        },
        {"column": rows, "digest": rows // 4, "copied": rows // 4},
    )
    column, threads = found["column"], pl.thread_pool_size()
    blocks, (source, block_rate) = blocks_per_hmac(), sha256_block_rate()
    share = column * blocks / (block_rate * threads)
    return [
        Line("column path, one tier", column / 1e6, "M rows/s"),
        Line("hmac.digest, a value at a time", found["digest"] / 1e6, "M rows/s"),
        Line("cryptography, contexts copied", found["copied"] / 1e6, "M rows/s"),
        Line("column path : hmac.digest", column / found["digest"], "x", ">= 6"),
        Line("column path : contexts copied", column / found["copied"], "x", ">= 2"),
        Line(f"SHA-256 by {source}, one core", block_rate / 1e6, "M blocks/s"),
        Line("blocks of one HMAC, its key's two kept", blocks, "blocks"),
        Line("threads of the column path", threads, "threads"),
        Line("share of the block rate of all threads", share, "of 1"),
    ]


def blocks_per_hmac() -> int:
    """Blocks of SHA-256 of one message: inner hash, and one for the outer."""
    message = len(encode(DOMAIN, str(FIRST)))
    return -(-(message + PADDING_BYTES) // BLOCK_BYTES) + 1


def sha256_block_rate() -> tuple[str, float]:
    """Who says so, and the blocks a second that C gets through on one core.

    `openssl speed` where there is the program, else hashlib on one long text.
    """
    program = shutil.which("openssl")
    if program:
        asked = [program, "speed", "-mr", "-elapsed", "-seconds", "1"]
        asked += ["-bytes", str(OPENSSL_BYTES), "-evp", "sha256"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
        bytes_a_second = float(told.stdout.strip().rpartition(":")[2])
        return "openssl speed", bytes_a_second / BLOCK_BYTES
    text, best = bytes(1 << 25), 0.0
    for _ in range(TIMES):
        start = time.perf_counter()
        hashlib.sha256(text).digest()
        seconds = time.perf_counter() - start
        best = max(best, len(text) / BLOCK_BYTES / seconds)
    return "hashlib", best


def peak_mib() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(identifiers: int) -> list[Line]:
    """Two peaks in one process: after a tenth of the identifiers and after all."""
    key, peaks, done = generate_key(), [], 0
    start = time.perf_counter()
    for stop in (identifiers // 10, identifiers):
        while done < stop:
            size = min(BATCH, stop - done)
            values = pl.select(
                n=pl.int_range(FIRST + done, FIRST + done + size).cast(pl.String)
            ).to_series()
            done += len(by_column(key, values))
        peaks.append(peak_mib())
    rate = identifiers / (time.perf_counter() - start) / 1e6
    return [
        Line(f"peak memory at {identifiers // 10:,} identifiers", peaks[0], "MiB"),
        Line(f"peak memory at {identifiers:,} identifiers", peaks[1], "MiB"),
        Line("ratio of the two peaks", peaks[1] / peaks[0], "x", "<= 1.25"),
        Line("column path in batches, making the numbers too", rate, "M rows/s"),
    ]


def sealing(rows: int) -> list[Line]:
    """AES-SIV of messages beside their tokens, and back."""
    key, linkage = generate_key() + generate_key(), generate_key()
    values = numbers(rows)
    messages = pl.Series([encode("nhs-number", value) for value in values])
    part = text_part(pl.col("n"))
    tokens = values.to_frame().select(token_column(linkage, "nhs-number", part))
    start = time.perf_counter()
    sealed = seal_identifiers(key, messages, tokens.to_series())
    between = time.perf_counter()
    unseal_identifiers(key, sealed, tokens.to_series())
    end = time.perf_counter()
    return [
        Line("AES-SIV, sealing", rows / (between - start) / 1e6, "M rows/s"),
        Line("AES-SIV, opening", rows / (end - between) / 1e6, "M rows/s"),
    ]


def shown(lines: list[Line]) -> Table:
    table = Table("What", title="Pseudonyms", title_justify="left")
    table.add_column("Figure", justify="right")
    for name in ("Unit", "Target"):
        table.add_column(name)
    for line in lines:
        told = f"{line.target}, {'reached' if line.is_reached else 'MISSED'}"
        figure = f"{line.figure:,.2f}"
        table.add_row(line.what, figure, line.unit, told if line.target else "")
    return table


def main() -> int:
    """Print the figures; 1 when a target is missed."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--identifiers", type=int, default=20_000_000)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    # Memory first: a peak never falls, so what came before would hide it.
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    lines = memory(chosen.identifiers)
    lines += [*speed(chosen.rows), *sealing(chosen.rows // 4)]
    lines.append(Line("load of each core before the run", load, "processes"))
    if chosen.json:
        told = [{**asdict(line), "is_reached": line.is_reached} for line in lines]
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        Console().print(shown(lines))
    return 0 if all(line.is_reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
