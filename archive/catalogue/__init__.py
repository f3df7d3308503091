"""The catalogue: order, numbers and states in SQL. Trusted for order, never for authenticity.

Functions take the connection of the caller's transaction and the time `at`; they never commit. The room's
other modules know a connection only by the name `Connection` here.
"""

from sqlalchemy import Connection

__all__ = ["Connection"]
