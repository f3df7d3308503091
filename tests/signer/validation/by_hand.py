"""Signatures of a kind that nobody here makes: the dictionary is written as it is told, the value put in at the end."""

from __future__ import annotations

import re

from signer.document.fields import form_fields
from signer.document.syntax import HexString, Name
from tests.signer.validation.office import update

_HOLE = 8000
_PLACE = 1_000_000_000


def sign_by_hand(path, out, field, subfilter, value_of, **entries):
    """A revision with a signature of this kind in this field; `value_of` makes /Contents of the signed bytes."""

    def change(revision, pdf):
        found = next(each for each in form_fields(pdf) if each.name == field)
        value = {
            "Type": Name("Sig"),
            "Filter": Name("Adobe.PPKLite"),
            "SubFilter": Name(subfilter),
            "ByteRange": [0, _PLACE, _PLACE, _PLACE],
            "Contents": HexString(bytes(_HOLE)),
            **entries,
        }
        revision.put(found.ref, {**revision.value(found.ref), "V": revision.add(value)})

    data = bytearray(update(path, out, change).read_bytes())
    start = data.rindex(b"<" + b"0" * 2 * _HOLE)
    end = start + 2 * _HOLE + 2
    old = list(re.finditer(rb"\[ ?0 %d %d %d ?\]" % (_PLACE, _PLACE, _PLACE), data))[-1]
    written = b"[0 %d %d %d" % (start, end, len(data) - end)
    data[old.start() : old.end()] = written.ljust(len(old[0]) - 1) + b"]"
    value = value_of(bytes(data[:start] + data[end:])).hex().encode()
    data[start + 1 : start + 1 + len(value)] = value
    out.write_bytes(data)
    return out
