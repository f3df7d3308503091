"""Fuzzing: mutated files in real workers under the limits of the service, and parsers guided by coverage (atheris).

make fuzz SECONDS=3600          mutated files and answers, for an hour
make fuzz TARGET=cms            one parser guided by coverage; `tests.fuzz.targets` lists them
"""
