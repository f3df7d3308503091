"""6.1.6–6.1.9 and 6.1.13: how each indirect object is written, and how large its values may be.

Every object that the cross-reference knows is looked at, reached or not, in the bytes of the file where the
parsed value no longer tells (spaces, ends of line, digits).
"""

from __future__ import annotations

import re
from typing import Any

from policies.reasons import document as reasons
from signer.document import syntax
from signer.document.objects import HexString, Name, Ref, Stream
from signer.document.pdfa.context import Context
from signer.document.pdfa.parts import READER
from signer.document.reader import Entry
from signer.errors import DocumentRefused

MAX_NAME = 127
MAX_INTEGER = 2_147_483_647
MAX_OBJECTS = 8_388_607
_LONGEST_NUMBER = 10
_HEAD = re.compile(rb"(?:\r\n|\r|\n)\d+[\0\t\n\f\r ]\d+[\0\t\n\f\r ]obj(?:\r|\n)")
_END = re.compile(rb"(?:\r|\n)endobj(?:\r|\n|\Z)")
_SPACED_END = re.compile(rb"[\0\t\n\f\r ]*endobj")
_STREAM_WORD = re.compile(rb">>[\0\t\n\f\r ]*stream([\0\t\n\f\r ]{0,2})")
_BAD_HEX = re.compile(rb"(?<!<)<(?!<)[0-9A-Fa-f\s]*[^0-9A-Fa-f\s<>][^<>]*>")
_ENDSTREAM = re.compile(rb"(?:\r\n|\r|\n)endstream")
_HEX_SPACE = b"\0\t\n\f\r "


def check_object_syntax(context: Context) -> None:
    """Rules on every indirect object."""
    highest = max(section.highest for section in context.pdf.sections)
    context.require(highest <= MAX_OBJECTS, "6.1.13-7", f"object number {highest}")
    packed: dict[int, list[int]] = {}
    budget = context.limits.values
    for number, entry in context.pdf.newest_entries():
        budget -= 1
        if budget < 0:
            context.complete = False
            return
        if entry.kind == "n" and entry.where > 0:
            _written(context, number, entry)
        elif entry.kind == "c":
            packed.setdefault(entry.where, []).append(entry.extra)
    for container in sorted(packed):
        _packed(context, container)


def _written(context: Context, number: int, entry: Entry) -> None:
    start = entry.where
    head = context.pdf.read(start - 1, 64)
    spaced = "6.1.9-1", "spaces or ends of line around the object's number and keywords", number
    context.require(_HEAD.match(head) is not None, *spaced)
    try:
        value = context.pdf.get(number)
    except DocumentRefused as exc:
        _refused(context, number, start, exc)
        return
    if isinstance(value, Stream):
        _stream(context, number, value, start)
        end = value.start + value.length
        window = context.pdf.read(end, 64)
        after = window.find(b"endstream")
        window = window[after + 9 :] if after >= 0 else b""
    else:
        window = _after_value(context, start)
    plain = _SPACED_END.match(window)
    context.require(plain is None or _END.search(window[: plain.end() + 1]) is not None, *spaced)
    _values(context, number, value, lambda at, length: context.pdf.read(at, length))


def _after_value(context: Context, start: int) -> bytes:
    """The bytes from the end of a direct value on, up to a little after its `endobj`."""
    try:
        end = context.pdf.end_of(start)
    except DocumentRefused:
        return b""
    body = context.pdf.read(start, end - start - len(b"endobj"))
    back = len(body.rstrip(_HEX_SPACE))
    return context.pdf.read(start + back, end - start - back + 1)


def _refused(context: Context, number: int, start: int, refusal: DocumentRefused) -> None:
    """Say under which rule the reader refused the object, where the bytes show it."""
    window = context.pdf.read(start, 1 << 16)
    word = _STREAM_WORD.search(window)
    if word is not None and not word[1].startswith((b"\n", b"\r\n")):
        context.fail("6.1.7.1-2", "the keyword stream is not followed by LF or CR LF", number)
    elif word is not None and refusal.reason == reasons.WRONG_TYPE:
        context.fail("6.1.7.1-1", "/Length does not lead to endstream", number)
    elif _BAD_HEX.search(window):
        context.fail("6.1.6-2", "a hexadecimal string has other digits", number)
    else:
        context.fail(READER, str(refusal), number)


def _stream(context: Context, number: int, stream: Stream, start: int) -> None:
    end = stream.start + stream.length
    after = context.pdf.read(end, 16)
    if _ENDSTREAM.match(after) is None:
        rule = "6.1.7.1-2" if after.startswith(b"endstream") else "6.1.7.1-1"
        context.fail(rule, "no end of line, or not the length, before endstream", number)
    word = _STREAM_WORD.search(context.pdf.read(start, max(0, stream.start - start)))
    context.require(
        word is None or word[1] in (b"\n", b"\r\n"), "6.1.7.1-2", "the end of line after stream", number
    )
    _dictionary_of_stream(context, number, stream)


def _dictionary_of_stream(context: Context, number: int, stream: Stream) -> None:
    outside = stream.dict.keys() & {"F", "FFilter", "FDecodeParms"}
    context.require(not outside, "6.1.7.1-3", f"the stream's dictionary has {sorted(outside)}", number)
    filters = context.get(stream.dict.get("Filter"))
    parameters = context.get(stream.dict.get("DecodeParms"))
    names = filters if isinstance(filters, list) else [] if filters is None else [filters]
    given = parameters if isinstance(parameters, list) else [parameters]
    for index, item in enumerate(names):
        name = context.name(item)
        identity = context.name(context.dictionary(given[index] if index < len(given) else None).get("Name"))
        allowed = name in context.part.filters and (name != "Crypt" or identity == "Identity")
        if name == "JPXDecode":
            context.unexamined.add("jpeg-2000")
        context.require(allowed, "6.1.7.2-1", f"the filter {name or '?'} is not allowed", number)


def _packed(context: Context, container: int) -> None:
    """The objects of one object stream, unpacked once."""
    with context.reading(container):
        stream = context.pdf.get(container)
        if not isinstance(stream, Stream):
            return
        data = context.data(stream, context.limits.stream_bytes)
        first, count = context.integer(stream.dict.get("First")), context.integer(stream.dict.get("N"))
        words = data[: first or 0].split()
        if not all(word.isdigit() and len(word) <= _LONGEST_NUMBER for word in words):
            raise DocumentRefused(reasons.WRONG_TYPE, what=f"/ObjStm, {container}")
        digits = [int(word) for word in words]
        left = 2 * len(data)  # objects do not lie within each other
        for number, at in list(zip(digits[::2], digits[1::2], strict=False))[: count or 0]:
            value, end = syntax.parse(data, (first or 0) + at, context.pdf.limits)
            left -= end - (first or 0) - at
            if left < 0:
                context.complete = False
                return
            _values(context, number, value, lambda at, length: data[at : at + length])


def _values(context: Context, number: int, root: Any, read: Any) -> None:
    todo: list[Any] = [root.dict if isinstance(root, Stream) else root]
    longest, largest = context.part.longest_array, context.part.largest_dictionary
    while todo:
        value = todo.pop()
        kind = type(value)
        if kind is dict:
            if len(value) > largest:
                check_size(context, value, number)
            for key in value:
                if len(key) > MAX_NAME:
                    _name(context, number, key)
            todo += value.values()
        elif kind is list:  # widths and rectangles are left out at once
            if len(value) > longest:
                check_size(context, value, number)
            todo += [v for v in value if type(v) is not int or not -MAX_INTEGER <= v <= MAX_INTEGER]
        elif kind is Name:
            if len(value) > MAX_NAME:
                _name(context, number, value)
        elif kind is not Ref:
            _scalar(context, number, value, read)


def _scalar(context: Context, number: int, value: Any, read: Any) -> None:
    if isinstance(value, bytes):
        if len(value) > context.part.longest_string:
            context.fail("6.1.13-3", f"a string of {len(value)} bytes", number)
        if isinstance(value, HexString) and value.start >= 0:
            digits = read(value.start + 1, value.end - value.start - 2).translate(None, _HEX_SPACE)
            context.require(len(digits) % 2 == 0, "6.1.6-1", "a hexadecimal string of odd length", number)
    else:
        check_number(context, value, number)


def _name(context: Context, number: int, name: str) -> None:
    context.fail("6.1.13-4", f"a name of {len(name)} bytes", number)


def check_size(context: Context, value: dict[str, Any] | list[Any], number: int) -> None:
    """Part 1, 6.1.12: how many entries an array or a dictionary may have."""
    size = len(value)
    if isinstance(value, dict):
        if size > context.part.largest_dictionary:
            context.fail("1:6.1.12-6", f"a dictionary of {size} entries", number)
    elif size > context.part.longest_array:
        context.fail("1:6.1.12-5", f"an array of {size} entries", number)


def check_number(context: Context, value: Any, number: int) -> None:
    """6.1.13-1, -2, -5 for an integer or a real; other values pass."""
    if type(value) is int:
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            context.fail("6.1.13-1", f"the integer {value}", number)
    elif type(value) is float:
        large, small = context.part.largest_real, context.part.smallest_real
        context.require(abs(value) <= large, "6.1.13-2", "a real number out of range", number)
        context.require(value == 0 or abs(value) >= small, "6.1.13-5", "a real number near zero", number)
