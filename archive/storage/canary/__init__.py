"""The lock canary: it tries on a server what nobody may be able to do, and reads whether anything gave way.

`port`       raw acts on a bucket, as an attacker would send them
`attempts`   what is tried, as data: what a sound server does, what it means if it does not, what to do then
`run`        all attempts, within a time, with a report as a value
`twin`       a server in memory that is sound, or weak in one way at a time
"""
