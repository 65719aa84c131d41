"""The back end Amazon Q: its requests from Claude's calls, Claude's streams from its replies."""
