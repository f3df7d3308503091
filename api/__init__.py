"""Composes: HTTP, pages, sign-in, jobs, command line. The only room that knows everyone."""
