"""The catalogues of reasons, one module per subject; `catalogue.all_reasons` gathers them."""
