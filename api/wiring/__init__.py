"""Names the adapters and reads the clock: the only package that does either.

`clock`: now. `database`: its connections and its shape. `tools`: what the command line needs. `service`: the
services of one process.
"""
