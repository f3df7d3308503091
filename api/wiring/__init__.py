"""Names the adapters and reads the clock: the only package that does either.

`clock`: now. `tools`: what the command line needs. `service`: the services of one process.
"""
