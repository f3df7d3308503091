"""All sentences of the pages, by key: (Vietnamese as officials write it, English)."""

from __future__ import annotations

from api.pages.texts import common, desks, fsck, keeping, policy, public

TEXTS: dict[str, tuple[str, str]] = {
    **common.TEXTS,
    **public.TEXTS,
    **desks.TEXTS,
    **keeping.TEXTS,
    **fsck.TEXTS,
    **policy.TEXTS,
}
