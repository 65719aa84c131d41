"""From a call to its reply: everything that waits, written once for every front and back end."""
