"""Text strings (ISO 32000-2, 7.9.2): PDFDocEncoding, UTF-16 and UTF-8 to `str` and back."""

from __future__ import annotations

_HIGH = "˘ˇˆ˙˝˛˚˜"  # 0x18-0x1F
_UPPER = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffd€"  # 0x80-0xA0
_TABLE = [chr(code) for code in range(256)]
_TABLE[0x18:0x20] = _HIGH
_TABLE[0x80:0xA1] = _UPPER
_TABLE[0x7F] = _TABLE[0xAD] = "\ufffd"


def text_string(raw: bytes) -> str:
    """The text of a text string. Bytes that its encoding does not know become U+FFFD."""
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xff\xfe"):  # not in the standard, but read by every viewer
        return raw[2:].decode("utf-16-le", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    return "".join([_TABLE[byte] for byte in raw])


def encode_text(text: str) -> bytes:
    """The text as a text string: ASCII as it is, everything else as UTF-16BE with its mark."""
    if text.isascii():
        return text.encode("ascii")
    return b"\xfe\xff" + text.encode("utf-16-be")


_CODES = {character: code for code, character in enumerate(_TABLE) if character != "\ufffd"}


def pdf_doc_encoded(text: str) -> bytes | None:
    """The text in PDFDocEncoding; None when that has no code for one of its characters."""
    codes = [_CODES.get(character) for character in text]
    known = [code for code in codes if code is not None]
    return bytes(known) if len(known) == len(codes) else None
