"""The audit of the archive: objects ⇔ catalogue ⇔ log ⇔ number register. Reads everything, trusts nothing.

It imports nothing that writes, and changes nothing: what is wrong is told, with where, and left to people.
"""
