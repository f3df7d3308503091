"""Validation reports as documents: XML by ETSI TS 119 102-2, and PDF. What they say was found elsewhere."""
