"""A witness of other agencies' logs (C2SP tlog-witness): it signs a head only when that continues the last one.

`witness`: what is signed and what is refused. `state`: the heads, on disk before anything is answered. Formats are
those of `archive.log`.
"""
