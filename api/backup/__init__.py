"""`antin backup` and `antin restore`: what the object store does not hold, in one file.

A backup is a ZIP file, schema `antin.backup/1`:

    manifest.json         what follows: every member with size and SHA-256; time, release, schema revision, log, counts
    database.sqlite3      the catalogue as one snapshot …
    database/S.T.copy     … or each table of PostgreSQL as COPY gives it, all of one snapshot
    work/<SHA-256>        bytes of documents that are not archived yet
    stamps/<name>         pictures
    checkpoint            the log's newest signed head, as `known_checkpoints` takes it
    settings.json         for who sets the machine up again; no secrets
    keys.enc              only with `--with-keys`: the log's key, encrypted with a passphrase

The archive itself (documents, records, log) is the object store's and is not in it.
"""
