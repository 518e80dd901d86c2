"""Texts without passwords: addresses, command lines, messages of other libraries."""

from __future__ import annotations

import re

HIDDEN = "***"

_NAMES = r"password|passwd|pwd|secret|token|api[-_]?key|credential"
_SECRET = re.compile(f"({_NAMES})", re.IGNORECASE)
# user:password@ after :// or without a scheme. The password may hold @, and even a / that nobody
# encoded; host:PORT/path@x is no password.
_AFTER_SCHEME = re.compile(
    r"(?<=://)(?:[^\s/?#'\"]*|[^\s/?#@:'\"]*:(?!\d+(?:[/?#\s]|$))[^\s'\"]*)@"
)
_WITHOUT_SCHEME = re.compile(r"(?<![\w/@:])[\w.%+-]+:(?!/)[^\s/@'\"]+@(?=\w)")
_QUERY = re.compile(rf"([?&;][\w.-]*(?:{_NAMES})[\w.-]*=)[^&;#\s'\"]*", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return a text with user names and passwords of addresses as ***.

    >>> without_secrets("no answer from http://me:p%40w@lab:5500/x?token=abc&page=2")
    'no answer from http://***@lab:5500/x?token=***&page=2'
    """
    text = _AFTER_SCHEME.sub(f"{HIDDEN}@", text)
    text = _WITHOUT_SCHEME.sub(f"{HIDDEN}@", text)
    return _QUERY.sub(rf"\g<1>{HIDDEN}", text)


def names_a_secret(key: str) -> bool:
    """Tell whether the value of an option or key is to be hidden.

    >>> names_a_secret("--api-key"), names_a_secret("--model")
    (True, False)
    """
    return bool(_SECRET.search(key))
