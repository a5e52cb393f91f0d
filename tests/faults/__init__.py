"""Server, store and network fail at random while a checker asserts the promise on many readers.

``python -m tests.faults --help`` is the long version; ``tests/test_faults.py`` is the short one.
"""
