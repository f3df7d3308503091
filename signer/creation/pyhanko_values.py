"""PDF values between this product's plain Python and pyHanko's objects."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic

from signer.document.objects import HexString, Name, Ref, Stream
from signer.document.serializing import serialize


class _Literal(bytes, generic.PdfObject):
    """A string that stays in parentheses: validators may take another form for a change of the field."""

    def write_to_stream(self, stream: Any, handler: Any = None, container_ref: Any = None) -> None:
        """As pyHanko's own strings do: encrypted by the key of the object in which it stands."""
        data = bytes(self)
        if handler is not None and container_ref is not None:
            crypt_filter = handler.get_string_filter()
            key = crypt_filter.derive_object_key(container_ref.idnum, container_ref.generation)
            data = crypt_filter.encrypt(key, data)
        stream.write(serialize(bytes(data)))


def to_pyhanko(value: Any, pdf: Any) -> Any:
    """pyHanko's object for a value; references belong to `pdf`. Raises TypeError for a foreign type.

    Strings keep their bytes and their form. Names must be UTF-8, as pyHanko writes all of them.
    """
    if value is None or isinstance(value, bool):
        return generic.NullObject() if value is None else generic.BooleanObject(value)
    if isinstance(value, Ref):
        return generic.IndirectObject(value.num, value.gen, pdf)
    if isinstance(value, Name):
        return _name(value)
    if isinstance(value, HexString):
        return generic.ByteStringObject(value)
    if isinstance(value, bytes):
        return _Literal(value)
    if isinstance(value, int):
        return generic.NumberObject(value)
    if isinstance(value, float):
        return generic.FloatObject(repr(value))
    if isinstance(value, list):
        return generic.ArrayObject([to_pyhanko(item, pdf) for item in value])
    if isinstance(value, dict):
        return generic.DictionaryObject(_entries(value, pdf))
    if isinstance(value, Stream) and value.data is not None:
        return generic.StreamObject(_entries(value.dict, pdf), encoded_data=value.data)
    raise TypeError(f"no pyHanko object for {type(value)!r}")


def _entries(value: dict[str, Any], pdf: Any) -> dict[Any, Any]:
    return {_name(key): to_pyhanko(item, pdf) for key, item in value.items() if item is not None}


def _name(value: str) -> Any:
    try:
        return generic.pdf_name("/" + value.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError as exc:
        raise TypeError("pyHanko would write another name") from exc


def _plain_name(value: str) -> Name:
    return Name(value[1:].encode("utf-8", "surrogatepass").decode("latin-1"))


def from_pyhanko(value: Any) -> Any:
    """The plain value of pyHanko's object, decrypted; references stay references. A stream yields None."""
    if isinstance(value, generic.DecryptedObjectProxy):
        return from_pyhanko(value.decrypted)
    if isinstance(value, generic.StreamObject | generic.NullObject):
        return None
    if isinstance(value, generic.DictionaryObject):
        plain = {_plain_name(key): from_pyhanko(value.raw_get(key)) for key in value}
        return {key: item for key, item in plain.items() if item is not None}
    if isinstance(value, generic.ArrayObject):
        return [from_pyhanko(value.raw_get(index)) for index in range(len(value))]
    if isinstance(value, generic.IndirectObject):
        return Ref(value.idnum, value.generation)
    if isinstance(value, generic.NameObject):
        return _plain_name(value)
    if isinstance(value, generic.TextStringObject | bytes):
        return bytes(value if isinstance(value, bytes) else value.original_bytes)
    if isinstance(value, generic.BooleanObject):
        return bool(value.value)
    return int(value) if isinstance(value, int) else float(value)
