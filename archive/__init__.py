"""Bytes in, receipt out: registers, object storage, retention, fixity, transparency log. No PDF, no web."""
