"""The canary's report against both servers, as docs/storage.md shows it: `python -m tests.docs.storage_report`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from archive.storage.canary.report import table
from archive.storage.canary.values import Finding
from tests.archive.storage.canary.places import as_it_comes, checked, prepared
from tests.engines.rgw import Rgw, rgw
from tests.engines.seaweedfs import SeaweedFS, seaweedfs

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"
BETWEEN = re.compile(r"(?<=<!-- canary:start -->\n).*?(?=<!-- canary:end -->)", re.S)


def columns(open_weed: SeaweedFS, weed: SeaweedFS, ceph: Rgw) -> dict[str, tuple[Finding, ...]]:
    """What the canary finds of each, in the order of the page."""
    return {
        "SeaweedFS 4.48 as it comes": checked(as_it_comes(open_weed)).findings,
        "SeaweedFS 4.48 prepared": checked(prepared(weed)).findings,
        "Ceph RGW 16.2 as it comes": checked(as_it_comes(ceph)).findings,
        "Ceph RGW 16.2 prepared": checked(prepared(ceph)).findings,
    }


def written(found: dict[str, tuple[Finding, ...]]) -> str:
    return "\n".join(table(found)) + "\n"


def shown() -> str:
    """The table on the page."""
    match = BETWEEN.search(PAGE.read_text("utf-8"))
    assert match, "docs/storage.md has lost the place of the canary's report"
    return match.group()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with (
            seaweedfs(root / "open", back_door=True) as open_weed,
            seaweedfs(root / "weed") as weed,
            rgw(root / "ceph") as ceph,
        ):
            report = written(columns(open_weed, weed, ceph))
    PAGE.write_text(BETWEEN.sub(lambda _: report, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
