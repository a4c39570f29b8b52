"""Regular expressions that Envoy will take: RE2 syntax, whole-match semantics, a bounded program.

google-re2 is the library that Envoy compiles with, so what it says of a pattern and its program size is what Envoy
would say; Envoy refuses a program larger than its runtime key `re2.max_program_size.error_level`.
"""

import re2

MAX_PROGRAM_SIZE = 5000
"""RE2 instructions; what Envoy's bootstrap sets `re2.max_program_size.error_level` to. A literal character is one."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def fault(pattern: str) -> str | None:
    """Say why Envoy would refuse the pattern, or None where it would not."""
    if not pattern:
        return "is empty"
    try:
        size: int = re2.compile(pattern, _OPTIONS).programsize
    except re2.error as error:
        return f"is not in RE2 syntax: {_words(error)}"
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if size > MAX_PROGRAM_SIZE:
        return f"is too large: RE2 needs {size} instructions for it and {MAX_PROGRAM_SIZE} are admitted"
    return None


def literal(text: str) -> str:
    """Return the pattern that matches this text and nothing else."""
    escaped: str = re2.escape(text)
    return escaped


def _words(error: Exception) -> str:
    words = error.args[0] if error.args else ""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
