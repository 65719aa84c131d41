"""Logins of other programs, read from what they keep."""
