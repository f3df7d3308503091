"""Part 1, 6.7.3: the information dictionary and the metadata say the same (ISO 19005-1 with Cor. 1 and 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from signer.document.pdfa.context import Context
from signer.document.pdfa.xmp import Packet
from signer.document.text_strings import text_string

DC = "http://purl.org/dc/elements/1.1/"
PDF = "http://ns.adobe.com/pdf/1.3/"
XMP = "http://ns.adobe.com/xap/1.0/"
_TEXTS = {
    "Title": ("1:6.7.3-2", DC, "title"),
    "Subject": ("1:6.7.3-4", DC, "description"),
    "Keywords": ("1:6.7.3-5", PDF, "Keywords"),
    "Creator": ("1:6.7.3-6", XMP, "CreatorTool"),
    "Producer": ("1:6.7.3-7", PDF, "Producer"),
}
_DATES = {"CreationDate": ("1:6.7.3-1", "CreateDate"), "ModDate": ("1:6.7.3-8", "ModifyDate")}
_ZONE = r"(?:(Z)(?:00'?(?:00'?)?)?|([+-])(\d\d)[':]?(?:(\d\d)'?)?)?"
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)?)?)?)?)?" + _ZONE, re.ASCII)
_XMP_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?)?)?" + _ZONE, re.ASCII
)


def check_information(context: Context, packet: Packet) -> None:
    """Each entry that is there is equal to its property."""
    if context.part.number("1:6.7.3-1") is None:
        return
    with context.reading():
        entries = context.dictionary(context.pdf.trailer.get("Info"))
        found = {key: context.get(entries.get(key)) for key in (*_TEXTS, *_DATES, "Author")}
        said = {
            key: text_string(value).strip() if isinstance(value, bytes) else None
            for key, value in found.items()
            if value is not None
        }
        for key in said.keys() & _TEXTS.keys():
            rule, namespace, name = _TEXTS[key]
            same = set(_alternatives(packet, namespace, name)) == {said[key]}
            context.require(same, rule, f"/{key} is not what {name} says")
        for key in said.keys() & _DATES.keys():
            rule, name = _DATES[key]
            dated = _moment(_PDF_DATE, said[key])
            same = dated is not None and dated == _moment(_XMP_DATE, packet.value(XMP, name))
            context.require(same, rule, f"/{key} is not what {name} says")
        if "Author" in said:
            creators = [text for _, text in packet.items.get((DC, "creator"), [])]
            context.require(creators == [said["Author"]], "1:6.7.3-3", "/Author is not the one dc:creator")


def _alternatives(packet: Packet, namespace: str, name: str) -> list[str]:
    """What a property says: of alternatives by language, the default."""
    items = packet.items.get((namespace, name))
    if items is None:
        return packet.values(namespace, name)
    return [text for language, text in items if language == "x-default"]


def _moment(form: re.Pattern[str], text: str | None) -> datetime | None:
    """A date in UTC to the second; one without a zone is read as UTC. None for what is no date."""
    match = form.fullmatch(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[index] or 0) for index in range(1, 7))
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        local = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=UTC)
        return local - offset if match[8] == "+" else local + offset
    except (ValueError, OverflowError):
        return None
