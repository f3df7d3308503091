"""PDFs of any size, written in blocks: pages whose picture is one stream of bytes that do not compress."""

from __future__ import annotations

import random
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
WIDTH = 10_000
_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2" pdfaid:conformance="B"/></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


class _Writer:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.offsets: dict[int, int] = {}

    def put(self, num: int, body: bytes) -> None:
        self.offsets[num] = self.file.tell()
        self.file.write(b"%d 0 obj\n%b\nendobj\n" % (num, body))

    def picture(self, num: int, size: int, block: bytes, *, sparse: bool) -> None:
        """A grey picture of `size` bytes (whole rows of WIDTH), unfiltered."""
        head = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8/Width %d/Height %d/Length %d"
        self.offsets[num] = self.file.tell()
        self.file.write(b"%d 0 obj\n<<%b>>\nstream\n" % (num, head % (WIDTH, size // WIDTH, size)))
        if sparse:
            self.file.seek(size, 1)
        else:
            for at in range(0, size, BLOCK):
                self.file.write(block[: min(BLOCK, size - at)])
        self.file.write(b"\nendstream\nendobj\n")


def write_large(
    path: Path,
    size: int,
    *,
    pictures: int = 1,
    streams: bool = False,
    sparse: bool = False,
    claims_pdfa: bool = False,
) -> Path:
    """A PDF of about `size` bytes, one page for each picture. `streams`: a cross-reference stream, else a classic
    table with 10-digit offsets. `sparse`: the pictures are holes of the file system, all black."""
    block = random.Random(7).randbytes(BLOCK)
    rows = size // pictures // WIDTH
    first = 4
    with path.open("wb") as file:
        writer = _Writer(file)
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        metadata = b"/Metadata 3 0 R" if claims_pdfa else b""
        writer.put(1, b"<</Type/Catalog/Pages 2 0 R%b>>" % metadata)
        kids = b" ".join(b"%d 0 R" % (first + 3 * n) for n in range(pictures))
        writer.put(2, b"<</Type/Pages/Count %d/Kids[%b]/MediaBox[0 0 595 842]>>" % (pictures, kids))
        writer.put(3, b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%b\nendstream" % (len(_XMP), _XMP))
        for n in range(pictures):
            page = first + 3 * n
            draw = b"q 595 0 0 842 0 0 cm /Im Do Q"
            writer.put(page + 1, b"<</Length %d>>\nstream\n%b\nendstream" % (len(draw), draw))
            writer.picture(page + 2, rows * WIDTH, block, sparse=sparse)
            use = b"<</XObject<</Im %d 0 R>>>>" % (page + 2)
            writer.put(page, b"<</Type/Page/Parent 2 0 R/Contents %d 0 R/Resources%b>>" % (page + 1, use))
        (_stream if streams else _table)(writer)
    return path


def _table(writer: _Writer) -> None:
    start, size = writer.file.tell(), len(writer.offsets) + 1
    writer.file.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    for num in range(1, size):
        writer.file.write(b"%010d 00000 n \n" % writer.offsets[num])
    writer.file.write(b"trailer\n<</Size %d/Root 1 0 R/ID[<%b><%b>]>>\n" % (size, b"07" * 16, b"07" * 16))
    writer.file.write(b"startxref\n%d\n%%%%EOF\n" % start)


def _stream(writer: _Writer) -> None:
    start, own = writer.file.tell(), len(writer.offsets) + 1
    offsets = {**writer.offsets, own: start}
    rows = bytes(7) + b"".join(b"\1" + offsets[num].to_bytes(6, "big") for num in range(1, own + 1))
    head = b"/Type/XRef/Size %d/W[1 6 0]/Root 1 0 R/Length %d/ID[<%b><%b>]"
    filled = head % (own + 1, len(rows), b"07" * 16, b"07" * 16)
    writer.file.write(b"%d 0 obj\n<<%b>>\nstream\n%b\nendstream\nendobj\n" % (own, filled, rows))
    writer.file.write(b"startxref\n%d\n%%%%EOF\n" % start)
