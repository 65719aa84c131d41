"""What holds for every test."""

from hypothesis import settings

# The machines that run this are small and shared: how long an example takes says nothing.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
