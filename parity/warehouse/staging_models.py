"""Writes the dbt sources and staging models of a version from its specification.

What belongs here: the text of models/staging/iapt_*: one SQL and one YAML file for each
staged table, and the source file of the landed schema. Run `make staging` after a
change of the specification; a test fails while the committed files differ from what
this makes.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from parity.specification import PROJECT_ROOT, Specification, Table, load

_TYPES = {
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "integer": "integer",
    "uuid": "uuid",
    "boolean": "boolean",
}
_KEYS = {
    "submission_id": ("uuid", "The submission that the row came in."),
    "row_number": ("integer", "Position of the row in the provider's file, from 1."),
}
_GROUPS = (
    ("keys", ("pseudonym",)),
    ("facts", ("operational", "clinical", "quasi_identifier", "special_category")),
)


def schema_name(version: str) -> str:
    """Landed schema of a data set version, for example iapt_v2_1."""
    return f"iapt_v{version.replace('.', '_')}"


def model_name(version: str, table: Table) -> str:
    """Staging model of a table, for example stg_iapt_v2_1__referrals."""
    return f"stg_{schema_name(version)}__{table.entities}"


def staged_columns(table: Table) -> list[dict[str, str]]:
    """Columns that staging shows: source name, name, type, class and description."""
    fields = [
        {
            "source": field.name.lower(),
            "name": field.column,
            "type": "uuid"
            if field.pseudonym_domain
            else _TYPES.get(field.type, "varchar"),
            "sensitivity": field.sensitivity,
            "description": _field_description(
                field.item_name, field.code_list, field.uid
            ),
        }
        for field in table.fields
        if field.treatment not in {"drop", "generalise:age", "generalise:area"}
    ]
    derived = [
        {
            "source": extra.name.lower(),
            "name": extra.column,
            "type": _TYPES.get(extra.type, "varchar"),
            "sensitivity": extra.sensitivity,
            "description": f"{_sentence(extra.meaning)} Made at intake.",
        }
        for extra in table.derived
    ]
    return fields + derived


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _field_description(item_name: str, code_list: str, uid: str) -> str:
    words = (
        item_name.capitalize().replace("nhs", "NHS").replace("snomed ct", "SNOMED CT")
    )
    codes = f" Codes: list {code_list}." if code_list else ""
    return f"{words}.{codes} Item {uid}." if uid else f"{words}.{codes}"


def sql_text(version: str, table: Table) -> str:
    """The staging model: rename, nothing else."""
    columns = staged_columns(table)
    source_names = ["submission_id", "row_number", *[c["source"] for c in columns]]
    lines = ["with", "", "source as ("]
    lines += ["    select", ",\n".join(f"        {name}" for name in source_names)]
    lines += [
        "    from {{ source('"
        + schema_name(version)
        + "', '"
        + table.name.lower()
        + "') }}",
        "),",
        "",
        "renamed as (",
        "    select",
        "        -- keys",
        "        submission_id,",
        "        row_number,",
    ]
    body: list[str] = []
    for title, classes in _GROUPS:
        group = [c for c in columns if c["sensitivity"] in classes]
        if group and title != "keys":
            body.append(f"        -- {title}")
        body += [f"        {_renamed(c)}," for c in group]
    body[-1] = body[-1].rstrip(",")
    lines += [*body, "    from source", ")", "", "select * from renamed", ""]
    return "\n".join(lines)


def _renamed(column: dict[str, str]) -> str:
    if column["source"] == column["name"]:
        return column["name"]
    return f"{column['source']} as {column['name']}"


def yaml_text(version: str, table: Table) -> str:
    """The YAML beside the model: grain, every column described, typed and classed."""
    columns = [
        _column(name, kind, "operational", text) for name, (kind, text) in _KEYS.items()
    ]
    ordered = [
        c
        for _, classes in _GROUPS
        for c in staged_columns(table)
        if c["sensitivity"] in classes
    ]
    columns += [
        _column(c["name"], c["type"], c["sensitivity"], c["description"])
        for c in ordered
    ]
    for column in columns[:2]:
        column["data_tests"] = ["not_null"]
    model = {
        "name": model_name(version, table),
        "description": (
            f"One row per submission and row of {table.name} (data set v{version}): "
            f"{table.one_row_is}. As landed: renamed, nothing decided."
        ),
        "data_tests": [
            {
                "unique_together": {
                    "arguments": {"columns": ["submission_id", "row_number"]}
                }
            }
        ],
        "columns": columns,
    }
    return _dump({"models": [model]})


def _column(name: str, kind: str, sensitivity: str, text: str) -> dict[str, object]:
    return {
        "name": name,
        "data_type": kind,
        "description": text,
        "config": {"meta": {"sensitivity": sensitivity}},
    }


def sources_text(specification: Specification) -> str:
    """The dbt source of the landed schema: every table, staged or not."""
    tables = [
        {
            "name": table.name.lower(),
            "description": f"{table.name}: {table.one_row_is}.",
        }
        for table in specification.tables.values()
    ]
    name = schema_name(specification.version)
    source = {
        "name": name,
        "database": "landed",
        "schema": name,
        "description": (
            f"Landed rows of data set v{specification.version}, pseudonymised at "
            "intake. No identifier is in them."
        ),
        "tables": tables,
    }
    return _dump({"sources": [source]})


def _dump(content: dict[str, object]) -> str:
    head = (
        "# Written by `make staging` from the specification; change that, not this.\n"
    )
    return head + yaml.safe_dump(content, sort_keys=False, width=88, allow_unicode=True)


def staging_files(version: str) -> dict[Path, str]:
    """Every generated file with its text."""
    specification = load(version)
    folder = PROJECT_ROOT / "models" / "staging" / schema_name(version)
    files = {
        folder / f"_{schema_name(version)}__sources.yml": sources_text(specification)
    }
    for table in specification.tables.values():
        if table.staged:
            name = model_name(version, table)
            files[folder / f"{name}.sql"] = sql_text(version, table)
            files[folder / f"{name}.yml"] = yaml_text(version, table)
    return files


def main() -> None:
    """Write the files of every data set version that has a specification."""
    for path, text in staging_files("2.1").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
