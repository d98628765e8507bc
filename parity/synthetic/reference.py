"""Fictitious organisations, practices and postcodes, and their reference files.

What belongs here: which codes exist. All begin with ZZ and stand outside the live
Organisation Data Service set; postcodes are of the unused area ZZ99; small areas carry
a Z where real ones carry the letter of a country.
"""

from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

from parity.synthetic.files import write_rows

MOST_PROVIDERS = 28
PRACTICES_OF_AREA = 6
SITES_OF_PROVIDER = 2
_AREAS_OF_DECILE, _POSTCODES_OF_AREA = 3, 2
# Without C, I and R, with which areas, boards and regions begin, and without 1 and 2,
# the providers of the fixtures: their local identifiers are other people's.
_PROVIDER_LETTERS = "3456789ABDEFGHJKLMNPQSTUVWXY"
# A unit postcode ends in two of these letters, never in C, I, K, M, O or V; Z is left
# out so that none is a national placeholder, such as the one for no fixed abode.
_UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXY"
_SINCE = "2010-04-01"


@dataclass(frozen=True)
class Place:
    """One postcode."""

    postcode: str
    lsoa_code: str
    decile: str
    area: int


@dataclass(frozen=True)
class Country:
    """Everything that has a code. Areas (sub-ICBs) are counted from 0."""

    providers: tuple[str, ...]
    areas: tuple[str, ...]
    practices: tuple[tuple[str, ...], ...]
    places: dict[tuple[int, str], tuple[Place, ...]]

    def sites(self, provider: str) -> tuple[str, ...]:
        """Sites of a provider."""
        return tuple(f"{provider}{n:02d}" for n in range(1, SITES_OF_PROVIDER + 1))


def make_country(providers: int) -> Country:
    """A country with this many providers and one sub-ICB more."""
    codes = tuple(f"ZZ{letter}" for letter in _PROVIDER_LETTERS[:providers])
    numbers = range(1, providers + 2)
    return Country(
        providers=codes,
        areas=tuple(f"ZZC{n:02d}" for n in numbers),
        practices=tuple(
            tuple(f"ZZ{n:02d}{p:02d}" for p in range(1, PRACTICES_OF_AREA + 1))
            for n in numbers
        ),
        places=_places(providers + 1),
    )


def _places(areas: int) -> dict[tuple[int, str], tuple[Place, ...]]:
    units = product("0123456789", _UNIT_LETTERS, _UNIT_LETTERS)
    lsoas = (f"Z01{n:06d}" for n in range(1, 1_000_000))
    found: dict[tuple[int, str], tuple[Place, ...]] = {}
    for area, decile in product(range(areas), range(1, 11)):
        places: list[Place] = []
        for lsoa in islice(lsoas, _AREAS_OF_DECILE):
            for unit in islice(units, _POSTCODES_OF_AREA):
                postcode = f"ZZ99 {''.join(unit)}"
                places.append(Place(postcode, lsoa, str(decile), area))
        found[area, str(decile)] = tuple(places)
    return found


def write_reference(folder: Path, country: Country) -> None:
    """Write organisations.csv, practices.csv and postcodes.csv."""
    write_rows(
        folder / "organisations.csv",
        (
            "organisation_code",
            "organisation_name",
            "organisation_type",
            "parent_code",
            "valid_from",
            "valid_to",
        ),
        _organisations(country),
    )
    write_rows(
        folder / "practices.csv",
        ("practice_code", "practice_name", "sub_icb_code"),
        (
            (code, f"Synthetic practice {code[2:]}", area)
            for area, codes in zip(country.areas, country.practices, strict=True)
            for code in codes
        ),
    )
    write_rows(
        folder / "postcodes.csv",
        ("postcode", "lsoa_code", "deprivation_decile", "sub_icb_code", "is_live"),
        (
            (p.postcode, p.lsoa_code, p.decile, country.areas[p.area], "true")
            for places in country.places.values()
            for p in places
        ),
    )


def _organisations(country: Country) -> list[tuple[str, ...]]:
    """Two sub-ICBs to an integrated care board, two boards to a region."""
    rows: list[tuple[str, ...]] = []

    def add(code: str, name: str, kind: str, parent: str) -> None:
        rows.append((code, f"Synthetic {name}", kind, parent, _SINCE, ""))

    boards = range((len(country.areas) + 1) // 2)
    for region in range((len(boards) + 1) // 2):
        add(f"ZZR{region + 1:02d}", f"region {region + 1}", "region", "")
    for board in boards:
        name = f"integrated care board {board + 1}"
        add(f"ZZI{board + 1:02d}", name, "icb", f"ZZR{board // 2 + 1:02d}")
    for n, area in enumerate(country.areas):
        add(area, f"sub-ICB {n + 1}", "sub_icb", f"ZZI{n // 2 + 1:02d}")
        for code in country.practices[n]:
            add(code, f"practice {code[2:]}", "practice", area)
    for n, provider in enumerate(country.providers):
        parent = f"ZZI{n // 2 + 1:02d}"
        add(provider, f"Talking Therapies {n + 1}", "provider", parent)
        for site in country.sites(provider):
            add(site, f"clinic {site[2:]}", "site", provider)
    return sorted(rows)
