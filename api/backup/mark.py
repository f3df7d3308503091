"""The mark of a restore that is under way: as long as it is there, nothing may be served from the folder."""

from __future__ import annotations

from pathlib import Path

from api.settings import SettingsError

MARK = "restoring"


def is_interrupted(data_dir: Path) -> bool:
    """Whether a restore was begun here and did not end."""
    return (data_dir / MARK).exists()


def refuse_half_restored(data_dir: Path) -> None:
    """Raises SettingsError while a restore was begun here and did not end."""
    if is_interrupted(data_dir):
        raise SettingsError(
            f"data_dir {data_dir}: a restore was interrupted here; run `antin restore` again with the same backup"
        )
