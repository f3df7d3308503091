"""The parts of ISO 19005 that are checked, as data: what each calls our rules, what it allows, its limits.

Rules are written under part 2's number (clause, then test, as veraPDF counts them), which part 3 shares; `_ONE`
says what part 1 calls each, and what is not there is no rule of part 1. A rule of one part alone is written with
that part, "1:6.4-1". Where part 1 has two rules for one of part 2, the second is marked: "6.2.9-1/OPI".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from signer.document.pdfa import vocabulary as names

READER = "reader"
_NO_LIMIT = 1 << 62
_INVISIBLE, _HIDDEN, _NO_VIEW, _TOGGLE_NO_VIEW = 1, 2, 32, 256


@dataclass(frozen=True, slots=True)
class Part:
    """One part of ISO 19005.

    `name` is its number, `levels` what pdfaid:conformance may say, `areas` what its clauses are about. `clauses`: its
    number for each of our rules; None for what part 2 says. Limits: bytes of strings, sizes of reals, entries of arrays
    and dictionaries, colourants of DeviceN. `profile_version`: from this major version on no ICC profile is allowed.
    `hiding`: annotation flags that must not be set; `flagless`: annotations that need no flags. `named_glyphs`: a
    TrueType font may have Differences by glyph names, and other maps beside (3, 0). `notdef_unseen`: a missing glyph
    counts where text is not rendered too. `compares_spot_colours`: two of one name must be the same.
    """

    name: str
    levels: frozenset[str]
    header: re.Pattern[bytes]
    areas: Mapping[str, str]
    clauses: Mapping[str, str] | None = None
    longest_string: int = 32_767
    largest_real: float = 3.403e38
    smallest_real: float = 1.175e-38
    longest_array: int = _NO_LIMIT
    largest_dictionary: int = _NO_LIMIT
    colourants: int = 32
    profile_version: int = 5
    image_bits: frozenset[int] = frozenset({1, 2, 4, 8, 16})
    blend_modes: frozenset[str] = names.BLEND_MODES
    filters: frozenset[str] = names.FILTERS_17
    annotations: frozenset[str] = names.ANNOTATIONS_17
    hiding: int = _INVISIBLE | _HIDDEN | _NO_VIEW | _TOGGLE_NO_VIEW
    flagless: frozenset[str] = frozenset({"Popup"})
    actions: frozenset[str] = names.ACTIONS_17
    font_files: frozenset[str] = names.FONT_FILES_17
    cmaps: frozenset[str] = names.PREDEFINED_CMAPS
    named_glyphs: bool = True
    notdef_unseen: bool = True
    compares_spot_colours: bool = True
    schemas: frozenset[str] = names.SCHEMAS_2005

    def number(self, rule: str) -> str | None:
        """This part's number for one of our rules; None when it has no such rule."""
        only, alone, own = rule.partition(":")
        if alone:
            return own if only == self.name else None
        return rule.partition("/")[0] if self.clauses is None else self.clauses.get(rule)

    def area(self, number: str) -> str:
        """What a rule with this part's number is about, such as "fonts"; "reader" where an object was refused."""
        clause = number.partition("-")[0]
        while clause and clause not in self.areas:
            clause = clause.rpartition(".")[0]
        return self.areas.get(clause, READER)


def _numbers(pairs: str) -> dict[str, str]:
    """Our number and part 1's, pair by pair; a number alone is the same in both."""
    found = (pair.split() for pair in pairs.split(","))
    return {words[0]: words[-1] for words in found}


_ONE = {
    READER: READER,
    # file structure
    **_numbers("6.1.2-1, 6.1.2-2, 6.1.3-1, 6.1.3-2, 6.1.3-3, 6.1.4-2, 6.1.6-1, 6.1.6-2"),
    **_numbers(
        "6.1.7.1-1 6.1.7-1, 6.1.7.1-2 6.1.7-2, 6.1.7.1-3 6.1.7-3, 6.1.7.2-1 6.1.10-1, 6.1.9-1 6.1.8-1"
    ),
    **_numbers("6.1.10-1 6.1.10-2, 6.1.13-1 6.1.12-1, 6.1.13-2 6.1.12-2, 6.1.13-3 6.1.12-3"),
    **_numbers("6.1.13-4 6.1.12-4, 6.1.13-8 6.1.12-8, 6.1.13-9 6.1.12-9"),
    # graphics
    **_numbers("6.2.2-1 6.2.10-1, 6.2.3-1 6.2.2-1, 6.2.3-2 6.2.2-2, 6.2.4.2-1 6.2.3.2-1"),
    **_numbers("6.2.4.3-2 6.2.3.3-1, 6.2.4.3-3 6.2.3.3-2, 6.2.4.3-4 6.2.3.3-3"),
    **_numbers("6.2.5-1 6.2.8-1, 6.2.5-2 6.2.8-2, 6.2.6-1 6.2.9-1, 6.2.10-1 6.4-4"),
    **_numbers("6.2.8-1 6.2.4-1, 6.2.8-2 6.2.4-2, 6.2.8-3 6.2.4-3, 6.2.8-4 6.2.4-4, 6.2.8-5 6.2.4-5"),
    **_numbers("6.2.9-1 6.2.5-1, 6.2.9-1/OPI 6.2.4-2, 6.2.9-2 6.2.6-1, 6.2.9-3 6.2.7-1"),
    # fonts
    **_numbers("6.2.11.2-1 6.3.2-1, 6.2.11.2-2 6.3.2-2, 6.2.11.2-3 6.3.2-3, 6.2.11.2-4 6.3.2-4"),
    **_numbers("6.2.11.2-5 6.3.2-5, 6.2.11.2-6 6.3.2-6, 6.2.11.2-7 6.3.2-7, 6.2.11.3.1-1 6.3.3.1-1"),
    **_numbers(
        "6.2.11.3.2-1 6.3.3.2-1, 6.2.11.3.3-1 6.3.3.3-1, 6.2.11.3.3-2 6.3.3.3-2, 6.2.11.4.1-1 6.3.4-1"
    ),
    **_numbers("6.2.11.4.1-2 6.3.5-1, 6.2.11.4.2-2 6.3.5-3, 6.2.11.5-1 6.3.6-1, 6.2.11.6-2 6.3.7-1"),
    **_numbers("6.2.11.6-3 6.3.7-2, 6.2.11.6-4 6.3.7-3, 6.2.11.8-1/missing 6.3.5-1"),
    # annotations, forms, actions
    **_numbers("6.3.1-1 6.5.2-1, 6.3.2-1 6.5.3-2, 6.3.2-2 6.5.3-2, 6.3.3-2 6.5.3-4, 6.3.3-3 6.5.3-5"),
    **_numbers("6.3.3-4 6.5.3-6, 6.4.1-1 6.6.1-3, 6.4.1-1/AA 6.6.2-1, 6.4.1-2 6.6.1-3, 6.4.1-2/AA 6.6.2-2"),
    **_numbers("6.4.1-3 6.9-1, 6.5.1-1 6.6.1-1, 6.5.1-2 6.6.1-2, 6.5.2-1 6.6.2-3"),
    # metadata
    **_numbers("6.6.2.1-1 6.7.2-1, 6.6.2.1-2 6.7.5-1, 6.6.2.1-3 6.7.5-2, 6.6.2.1-4 6.7.9-1"),
    **_numbers("6.6.2.3.1-1 6.7.9-2, 6.6.4-1 6.7.11-1, 6.6.4-2 6.7.11-2, 6.6.4-3 6.7.11-3"),
    **_numbers("6.6.4-4 6.7.11-4, 6.6.4-5 6.7.11-5, 6.6.4-6 6.7.11-6"),
}
_AREAS_1 = {
    "6.1": "structure", "6.1.11": "attachments", "6.1.13": "layers", "6.2": "graphics", "6.3": "fonts",
    "6.4": "transparency", "6.5": "annotations", "6.6": "actions", "6.7": "metadata", "6.9": "forms",
}  # fmt: skip
_AREAS_2 = {
    "6.1": "structure", "6.2": "graphics", "6.2.10": "transparency", "6.2.11": "fonts", "6.3": "annotations",
    "6.4": "forms", "6.5": "actions", "6.6": "metadata", "6.8": "attachments", "6.9": "layers", "6.10": "other",
    "6.11": "other",
}  # fmt: skip
_HEADER = re.compile(rb"%PDF-1\.[0-7](?:\r\n|\r(?!\n)|\n)")
_LEVELS = frozenset({"A", "B", "U"})
PART_1 = Part(
    name="1",
    levels=frozenset({"A", "B"}),
    header=re.compile(rb"%PDF-1\.\d[^\r\n]*(?:\r\n|\r(?!\n)|\n)"),
    areas=_AREAS_1,
    clauses=_ONE,
    longest_string=65_535,
    largest_real=32_767.0,
    smallest_real=0.0,
    longest_array=8_191,
    largest_dictionary=4_095,
    colourants=8,
    profile_version=3,
    image_bits=frozenset({1, 2, 4, 8}),
    blend_modes=names.BLEND_MODES_OPAQUE,
    filters=names.FILTERS_14,
    annotations=names.ANNOTATIONS_14,
    hiding=_INVISIBLE | _HIDDEN | _NO_VIEW,
    flagless=frozenset(),
    actions=names.ACTIONS_14,
    font_files=names.FONT_FILES_14,
    cmaps=names.IDENTITY_CMAPS,
    named_glyphs=False,
    notdef_unseen=False,
    compares_spot_colours=False,
    schemas=names.SCHEMAS_2004,
)
PART_2 = Part(name="2", levels=_LEVELS, header=_HEADER, areas=_AREAS_2)
PART_3 = Part(name="3", levels=_LEVELS, header=_HEADER, areas=_AREAS_2)
PARTS = {part.name: part for part in (PART_1, PART_2, PART_3)}
