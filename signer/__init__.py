"""PDF in, PDF out: keys, stamps, PAdES creation, augmentation, validation. No database, no bucket, no web."""
