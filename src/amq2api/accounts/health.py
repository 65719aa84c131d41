"""How an account is doing, as one value."""
