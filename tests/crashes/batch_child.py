"""`antin sign` with a key that waits while so many outputs are there, so that the batch is met in its middle.

python -m tests.crashes.batch_child GATE OUTPUTS sign …

The key waits as long as the file GATE is there.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from api import cli
from api.wiring import tools
from tests.signer.creation import batch_keys


def main(gate: Path, outputs: int, arguments: list[str]) -> None:
    real = tools.key_factory
    target = f"{batch_keys.__name__}:{batch_keys.waiting.__name__}"

    def factory(*given):
        made = real(*given)
        return replace(made, target=target, arguments={**made.arguments, "gate": gate, "outputs": outputs})

    tools.key_factory = factory
    cli.main(arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
