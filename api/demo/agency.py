"""The demo agency: fictional names only, all of them recognisable as a demonstration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signatory:
    """Who signs and in which capacity.

    `capacity` are the lines above the signature (ô số 7a), e.g. ``("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")``;
    `name` the line below it (ô số 7b); `title` the position as it stands on the certificate.
    """

    capacity: tuple[str, ...]
    name: str
    title: str


@dataclass(frozen=True)
class Agency:
    """An issuing agency as its documents name it (NĐ 30/2020/NĐ-CP, PL I, phần II mục 2)."""

    name_lines: tuple[str, ...]
    name: str
    head: str
    place: str
    symbol: str
    identifier: str
    leaders: tuple[Signatory, ...]

    @property
    def capital_name(self) -> str:
        """The name as the seal and the header write it."""
        return " ".join(self.name_lines)


DEMO_AGENCY = Agency(
    name_lines=("ỦY BAN NHÂN DÂN", "TỈNH SÔNG HỒNG"),
    name="Ủy ban nhân dân tỉnh Sông Hồng",
    head="CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH SÔNG HỒNG",
    place="Sông Hồng",
    symbol="UBND",
    identifier="H99.DEMO",
    leaders=(
        Signatory(("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "Nguyễn Văn An", "Phó Chủ tịch"),
        Signatory(("CHỦ TỊCH",), "Trần Thị Bình", "Chủ tịch"),
    ),
)
