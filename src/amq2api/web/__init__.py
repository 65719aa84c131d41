"""Towards clients: the Messages API over HTTP, and how failures reach them."""
