"""What a request and an event cost the gateway: see docs/performance.md."""
