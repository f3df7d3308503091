"""The operators of content streams, the filters of inline images, and the limits of operands (6.1.13)."""

from __future__ import annotations

from typing import Any

from signer.document.objects import Name
from signer.document.pdfa.context import Context
from signer.document.pdfa.object_syntax import MAX_INTEGER, MAX_NAME, check_number, check_size

_OPERATORS = (
    "b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EMC ET EX f F f* G g gs h i j J K k l M m MP n q Q re "
    "RG rg ri s S sc SC scn SCN sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
)
OPERATORS = frozenset(_OPERATORS.split())
INLINE_FILTERS = frozenset(
    {
        "ASCIIHexDecode", "ASCII85Decode", "FlateDecode", "RunLengthDecode", "CCITTFaxDecode", "DCTDecode",
        "AHx", "A85", "Fl", "RL", "CCF", "DCT",
    }
)  # fmt: skip


def check_operands(context: Context, operands: list[Any], number: int) -> None:
    """Limits of the operands; most are small."""
    part = context.part
    todo = operands[::-1]
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                check_number(context, item, number)
        elif kind is float:
            if not part.smallest_real <= abs(item) <= part.largest_real:
                check_number(context, item, number)
        elif isinstance(item, Name):
            context.require(len(item) <= MAX_NAME, "6.1.13-4", "a long name", number)
        elif isinstance(item, bytes):
            context.require(len(item) <= part.longest_string, "6.1.13-3", "a long string", number)
        elif isinstance(item, list):
            check_size(context, item, number)
            todo += item
        elif isinstance(item, dict):
            check_size(context, item, number)
            todo += item.values()
