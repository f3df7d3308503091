"""The archived facts of the catalogue, made again out of the object store alone.

Nothing in the store is trusted. The log's key is given from outside; a signed head, and entries that lead to its
root, are believed; a record is believed when its leaf commits to it, a row of a chain when its head's leaf does.
What nothing speaks for is told and left where it lies. Drafts and accounts come from a backup.
"""
