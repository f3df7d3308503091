"""The fast way to one more signature: reads the few objects that matter, appends one revision, nothing else.

    grammar   dictionaries as raw bytes, checked and split by two compiled patterns
    reading   the newest cross-reference sections, as far back as an object is looked for
    form      the fields, one of them to be signed
    locks     what signatures that are there already forbid, and what the next one will
    drawing   a stamp's objects, serialised once, numbered anew for each document
    signing   checks, revision, digest: a `Prepared` as the other ways make it

It never refuses a document. Whatever it does not fully understand, and whatever a rule forbids, is `Unfit`:
the caller goes the other way (`two_step.prepare_signature`), which knows all shapes and all refusals.
"""
