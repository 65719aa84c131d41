"""A pretend Amazon Q: sign-in, models, limits and the streaming answer, over ASGI.

It is the project's second opinion. It is written from upstream-protocol.md, imports nothing of
the gateway but the wire codecs and the service's vocabulary, and refuses whatever the real
service is reported to refuse.

* :func:`.app.create_app` makes the ASGI app around one :class:`.world.World`.
* :mod:`.validator` judges requests; :mod:`.scenarios` lists what it can answer.
"""
