"""Server, store and network fail at random while a checker asserts the promise on many readers.

``python -m tests.faults --help`` is the long version, ``test_faults.py`` the short one.
"""
