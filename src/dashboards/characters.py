"""Text without the characters that UTF-8 or a database cannot write."""

import re

# UTF-8 has no lone surrogates (Python makes them of the bytes of file and process names), and
# PostgreSQL stores no NUL.
_UNFIT = re.compile("[\0\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean_text(text: str) -> str:
    """Return text with U+FFFD in place of each character that some store cannot keep."""
    # To encode a text takes a tenth of the time in which an expression looks through it.
    try:
        text.encode()
    except UnicodeEncodeError:
        return _UNFIT.sub(REPLACEMENT, text)
    return text.replace("\0", REPLACEMENT) if "\0" in text else text
