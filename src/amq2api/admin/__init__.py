"""Towards the operator: the JSON API and the page that accounts are managed with."""
