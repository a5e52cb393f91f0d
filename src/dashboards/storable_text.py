"""Text without the characters that UTF-8 or a database cannot write."""

import re

# UTF-8 has no lone surrogates, which Python makes from invalid bytes in names of files and
# processes. PostgreSQL stores no NUL.
UNFIT = re.compile("[\0\ud800-\udfff]")
"""A character that UTF-8 or some database cannot write."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean_text(text: str) -> str:
    """Return text in which U+FFFD replaces each character that some store cannot keep."""
    # To encode a text takes a tenth of the time of a regular expression.
    try:
        text.encode()
    except UnicodeEncodeError:
        return UNFIT.sub(REPLACEMENT, text)
    return text.replace("\0", REPLACEMENT) if "\0" in text else text
