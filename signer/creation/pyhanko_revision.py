"""A revision that pyHanko writes: the same interface as the native one, another writer behind it.

pyHanko's incremental writer touches catalog, XMP metadata and /Info in every revision; after a signature that
breaks it. `_Writer` switches that off, so that a revision holds what was put into it and nothing else. It rests
on four hooks of the pinned version of pyHanko; `tests/signer/creation/test_fallback.py` is their contract.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.crypt.permissions import StandardPermissions
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from policies.reasons import document as document_reasons
from signer.creation.append import Revision
from signer.creation.pyhanko_values import from_pyhanko, to_pyhanko
from signer.creation.read_back import Disagreement
from signer.document.reader import PdfFile
from signer.document.syntax import Ref
from signer.document.text_strings import pdf_doc_encoded
from signer.errors import DocumentRefused
from signer.stages import Appended

_OLD_REVISIONS = 5  # before revision 5 of the handler, passwords are bytes of PDFDocEncoding


class PyhankoRevision(Revision):
    """One revision under construction, to be written by pyHanko behind the file at `path`.

    `pdf` is the same file as our reader opened it, with this password. Raises `DocumentRefused` for an
    encryption that pyHanko does not know, `Disagreement` when it finds another document in the bytes, and
    whatever pyHanko raises.
    """

    def __init__(self, path: Path, pdf: PdfFile, password: str | None) -> None:
        self.pdf = pdf
        self.permissions: StandardPermissions | None = None
        self._values: dict[Ref, Any] = {}
        self._raw: dict[Ref, Any] = {}
        self._file = io.BufferedReader(_Beginning(path, pdf.eof), 1 << 16)
        try:
            self._writer: Any = _Writer(self._file, pdf)
            self._authenticate(password)
            self._compare(pdf.trailer["Root"])
        except BaseException:
            self._file.close()
            raise

    def _authenticate(self, password: str | None) -> None:
        encryption = self._writer.prev.encrypt_dict
        if encryption is None:
            return
        revision = encryption["/R"]
        given = password or ""
        tries: list[str | bytes] = [given]
        if revision < _OLD_REVISIONS:
            tries = [each for each in (pdf_doc_encoded(given), given.encode()) if each is not None]
        for each in tries:
            result = self._writer.encrypt(each)
            if result.status is not AuthStatus.FAILED:
                owner = result.status is AuthStatus.OWNER
                self.permissions = None if owner else result.permission_flags
                return
        raise DocumentRefused(document_reasons.ENCRYPTION_UNSUPPORTED, what=f"/R {revision}")

    def _compare(self, ref: Ref) -> None:
        """Both readers must find the same object here: else they read two documents."""
        theirs = from_pyhanko(self._writer.prev.get_object(generic.Reference(*ref, self._writer.prev)))
        if theirs != self.pdf.resolve(ref):
            raise Disagreement(f"object {ref.num}")

    def reserve(self) -> Ref:
        made = self._writer.allocate_placeholder()
        return Ref(made.idnum, made.generation)

    def put(self, ref: Ref, value: Any) -> None:
        if ref.num < self.pdf.next_object_number and ref not in self._values:
            self._compare(ref)
        self._values[ref] = value

    def add(self, value: Any) -> Ref:
        ref = self.reserve()
        self._values[ref] = value
        return ref

    def put_object(self, ref: Ref, value: generic.PdfObject) -> None:
        """A new object that is pyHanko's already: a signature dictionary with its hole."""
        self._raw[ref] = value

    def value(self, ref: Ref) -> Any:
        return self._values[ref] if ref in self._values else self.pdf.resolve(ref)

    def object_of(self, value: Any) -> Any:
        """pyHanko's object for a plain value. Raises `Disagreement` when it has none."""
        try:
            return to_pyhanko(value, self._writer)
        except TypeError as exc:
            raise Disagreement(str(exc)) from exc

    def write(self) -> Tail:
        """The bytes to append. Nothing can be put afterwards."""
        for ref, value in self._values.items():
            self._writer.objects[(ref.gen, ref.num)] = self.object_of(value)
        for ref, made in self._raw.items():
            self._writer.objects[(ref.gen, ref.num)] = made
        tail = Tail(self.pdf.size)
        self._writer.write(tail)
        return tail

    def appended(self) -> Appended:
        return Appended(self.pdf.size, self.write().data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class Tail:
    """What stands behind a file of `base` bytes: offsets count from the file's first byte."""

    def __init__(self, base: int) -> None:
        self.base = base
        self._buffer = io.BytesIO()

    @property
    def data(self) -> bytes:
        """The bytes behind the file."""
        return self._buffer.getvalue()

    def tell(self) -> int:
        return self.base + self._buffer.tell()

    def seek(self, offset: int) -> int:
        return self.base + self._buffer.seek(offset - self.base)

    def write(self, data: bytes) -> int:
        return self._buffer.write(data)


class _Beginning(io.RawIOBase):
    """A file as if it ended after its last `%%EOF`: pyHanko looks for that in the last 1,024 bytes only."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._end = end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset, whence = self._end + offset, os.SEEK_SET
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        left = max(0, self._end - self._file.tell())
        return self._file.readinto(view[: min(left, len(view))]) or 0

    def close(self) -> None:
        self._file.close()
        super().close()


class _Writer(IncrementalPdfFileWriter):
    """pyHanko's writer, which writes what it is told and numbers objects as our reader counts them."""

    def __init__(self, stream: Any, pdf: PdfFile) -> None:
        super().__init__(stream, strict=False)
        self._joint = b"" if pdf.read(pdf.size - 1, 1) in (b"\n", b"\r") else b"\n"
        self._lastobj_id = pdf.next_object_number - 1
        self._known = {f"/{key}" for key in pdf.trailer} | {"/ID", "/Prev"}

    def ensure_output_version(self, version: tuple[int, int]) -> None:
        """The catalog keeps its /Version."""

    def _update_meta(self) -> None:
        """XMP metadata and /Info stay as they are."""

    def _populate_trailer(self, trailer: Any) -> None:
        """What only an older trailer says is not said again."""
        own = set(trailer)
        IncrementalPdfFileWriter._populate_trailer(self, trailer)
        for key in set(trailer) - own - self._known:
            del trailer[key]

    def _write_header(self, stream: Tail) -> None:
        """The file is not copied; its last line is ended."""
        stream.write(self._joint)
