"""Signing in with a device code, as a conversation without a network."""
