"""The stream transport behind a GRIP proxy: Pushpin or Fastly Fanout keeps the streams open.

``proxied_request`` answers what comes through the proxy, ``publisher`` publishes each put to it,
``messages`` reads from the store what is published, ``proxies`` has the settings and the clients.
How Pushpin works, and what follows for this code, is in ``docs/internals/pushpin.md``.
"""
