"""What holds for every test."""

from hypothesis import HealthCheck, settings

# The machines that run this are small and shared: how long an example takes says nothing.
settings.register_profile("shared machine", deadline=None)
# scripts/test --deep: the same laws, tried as often as a night allows.
settings.register_profile(
    "deep",
    deadline=None,
    max_examples=20_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared machine")
