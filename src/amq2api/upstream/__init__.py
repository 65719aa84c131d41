"""Towards Amazon: the only place that speaks HTTP as a client."""
