"""What an identity costs once: its first visible signature, against each later one of the same identity and size."""

from __future__ import annotations

from api.demo.images import leader_signature_png
from benchmarks import documents
from benchmarks.contestants import LINES, Act, Bench, Signer, documented, ours, signer_of
from benchmarks.harness import Row, alternate
from benchmarks.signing import KINDS, ground
from signer.creation import cms
from signer.stamping.appearance import Appearance

ID = "new-identity"
_WARM = 2
_SHOWN = next(kind for kind in KINDS if kind.id == "sign-54k-visible")


def run(quick: bool) -> list[Row]:
    """One row. The reach: an identity that signs once is no slower than pyHanko, which keeps nothing."""
    runs, every = (4, 2) if quick else (60, 6)
    with ground() as made:
        bench = made.bench(_SHOWN)
        acts = {
            "first": first(bench, runs + _WARM),
            "later": ours(bench, signer_of(bench)),
            "pyhanko": documented(bench),
        }
        found = alternate(acts, runs, _WARM, ("pyhanko",), every, bench.clear)
    new, later, theirs = found["first"], found["later"], found["pyhanko"]
    return [
        Row(
            ID,
            "sign, 54 KB, image and text: the first signature of an identity and a size",
            str(new),
            f"each later one {later.wall:.2f} ms, so the preparation costs {new.wall - later.wall:.2f} ms once; "
            f"pyHanko as documented {theirs.wall:.2f} ms each time",
            "≤ pyHanko's one",
            new.wall <= theirs.wall and new.cpu <= theirs.cpu,
            new.wall,
            peers={"pyhanko-documented": theirs.wall},
            more={"cpu_ms": new.cpu, "later_ms": later.wall, "preparation_ms": new.wall - later.wall},
        )
    ]


def first(bench: Bench, pictures: int) -> Act:
    """A signature for which nothing is kept: neither the container of its certificates nor its picture, which is a new
    one each time, nor its stamp. The key is loaded and checked before, as everybody's is; so are the letters of the
    typeface, which all identities share (about 15 ms, once a process).
    """
    key = signer_of(bench).key
    made = (leader_signature_png(f"{documents.NAME} {number}") for number in range(pictures))
    shown = iter([Appearance(picture, LINES) for picture in made])

    def act() -> object:
        cms.forget_identities()
        return ours(bench, Signer(key, next(shown)))()

    return act
