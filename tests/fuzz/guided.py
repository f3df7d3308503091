"""One parser guided by coverage: `python -m tests.fuzz.guided TARGET FOLDER [-max_total_time=60] [-runs=…] [-seed=…]`.

FOLDER is the corpus; it is filled with our own seeds first. What crashes it lies there afterwards as `crash-…`, for
libFuzzer ends with the first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["signer"]):
    from tests.fuzz import targets
    from tests.fuzz.seeds import desk

LIMITS = ("-timeout=20", "-rss_limit_mb=1024", "-max_len=60000", "-print_final_stats=1")


def main(arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    name, folder, *options = arguments
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as made:
        for number, seed in enumerate(targets.seeds_of(name, desk(Path(made) / "desk"))):
            (place / f"seed-{number:03d}").write_bytes(seed)
    target = targets.TARGETS[name]

    def one(data: bytes) -> None:
        try:
            target(data)
        except targets.TYPED:
            return

    os.chdir(place)
    atheris.Setup([sys.argv[0], *LIMITS, *options, "."], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
