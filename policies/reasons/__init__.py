"""The catalogues of reasons, one module per subject, gathered by `all_reasons` in `policies.reasons.catalogue`."""
