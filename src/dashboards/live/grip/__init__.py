"""The proxy's edge: Pushpin or Fastly Fanout holds the streams, and asks us for what it missed.

``edge`` answers what came through the proxy, ``publisher`` tells it of each put, ``proxies`` knows
the settings and the libraries.
"""
