"""What we are willing to do, and until when. Pure: values in, a decision or a cited refusal out.

No clock, file, network or environment is read in this room (`tests/test_architecture.py` enforces it).
"""
