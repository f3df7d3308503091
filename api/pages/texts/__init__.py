"""All sentences of the pages, by key: (Vietnamese as officials write it, English)."""

from __future__ import annotations

from api.pages.texts import common, desks, fsck, public

TEXTS: dict[str, tuple[str, str]] = {**common.TEXTS, **public.TEXTS, **desks.TEXTS, **fsck.TEXTS}
