"""asn1crypto, made ready before anybody uses it.

It sets up each of its classes at the first use: the maps of fields, alternatives and object identifiers are filled in
place. A second thread that comes by sees half a map, and a fault in the middle (the stack's end) leaves half a map for
good; sound bytes are then "damaged". Importing this module, which Python does once and under its lock, sets up all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asn1crypto import algos, cms, core, crl, keys, ocsp, tsp, x509

MODULES = (algos, cms, core, crl, keys, ocsp, tsp, x509)


def classes(base: type) -> Iterator[Any]:
    """Every class of these modules below `base`, each once."""
    seen: set[type] = set()
    waiting: list[type] = [base]
    while waiting:
        below: list[type] = waiting.pop().__subclasses__()
        for each in below:
            if each not in seen:
                seen.add(each)
                waiting.append(each)
                yield each


def _make_ready(cls: Any) -> None:
    """What the library does at the first use."""
    known: dict[type, bool] = core._SETUP_CLASSES
    abstract = issubclass(cls, core.Choice) and cls._alternatives is None
    if cls in known or abstract:
        return
    if cls.explicit is not None and isinstance(cls.explicit[0], int):
        cls.explicit = (cls.explicit,)
    if hasattr(cls, "_setup"):
        cls.__new__(cls)._setup()
    known[cls] = True


for _cls in classes(core.Asn1Value):
    _make_ready(_cls)
