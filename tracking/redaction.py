"""Texts without passwords: addresses, command lines, messages of other libraries."""

from __future__ import annotations

import base64
import logging
import os
import re
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, quote, unquote, urlsplit

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


SHORTEST = 4
"""Characters of a secret that is searched for by itself; shorter ones stand in other words."""
_known: set[str] = set()


def remember_secrets(address: str) -> None:
    """Let `without_secrets` hide the secrets of an address wherever they stand in a text.

    A server may send back what it was sent: a password in a header, a token percent-encoded.
    """
    try:
        parts = urlsplit(address)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return  # no address; whoever opens it says so
    secrets = {password, parts.password or ""}
    if parts.username and parts.password is None:
        secrets |= {user, parts.username}  # a token in the place of the name
    if password:
        secrets.add(base64.b64encode(f"{user}:{password}".encode()).decode())
    secrets |= {value for key, value in parse_qsl(parts.query) if names_a_secret(key)}
    secrets |= {quote(secret, safe="") for secret in secrets}
    _known.update(secret for secret in secrets if len(secret) >= SHORTEST)


def redact_logs() -> None:
    """Let every log record of this process, also of other libraries, lose its secrets."""
    made = logging.getLogRecordFactory()
    if getattr(made, "redacts", False):
        return

    def redacted(*arguments: object, **named: object) -> logging.LogRecord:
        record = made(*arguments, **named)
        record.msg, record.args = without_secrets(record.getMessage()), ()
        return record

    redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(redacted)


def redact_tracebacks() -> None:
    """Let the traceback that ends this process, or one of its threads, lose its secrets."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(without_secrets("".join(traceback.format_exception(kind, error, trace))))

    def of_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            hook(ended.exc_type, ended.exc_value, ended.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = of_thread


def hide_arguments() -> None:
    """Hide the secrets of this process's command line from who lists the processes (Linux).

    The arguments of a running process can be read by everybody on the machine. Python has its own
    copy, so `sys.argv` stays.
    """
    try:
        shown = Path("/proc/self/cmdline").read_bytes()
        # Fields 48 of proc_pid_stat(5): where the arguments begin; the name before may hold blanks.
        start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45])
        hidden = b"\0".join(_masked(argument) for argument in shown.split(b"\0"))
        if hidden == shown:
            return
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            if memory.read(len(shown)) == shown:
                memory.seek(start)
                memory.write(hidden)
    except (OSError, ValueError, IndexError):
        return  # another system; the guide says how to pass a password


def _masked(argument: bytes) -> bytes:
    """Return an argument of the same length without secrets.

    >>> _masked(b"http://me:S3cret@lab/x")
    b'http://***@lab/x******'
    """
    clean = without_secrets(os.fsdecode(argument))
    if clean == os.fsdecode(argument):
        return argument
    return os.fsencode(clean)[: len(argument)].ljust(len(argument), b"*")


def without_secrets(text: str) -> str:
    """Return a text with user names and passwords of addresses as ***.

    Those of addresses that were given to `remember_secrets` are hidden without their address too.

    >>> without_secrets("no answer from http://me:p%40w@lab:5500/x?token=abc&page=2")
    'no answer from http://***@lab:5500/x?token=***&page=2'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _AFTER_SCHEME.sub(f"{HIDDEN}@", text)
    text = _WITHOUT_SCHEME.sub(f"{HIDDEN}@", text)
    return _QUERY.sub(rf"\g<1>{HIDDEN}", text)


def names_a_secret(key: str) -> bool:
    """Tell whether the value of an option or key is to be hidden.

    >>> names_a_secret("--api-key"), names_a_secret("--model")
    (True, False)
    """
    return bool(_SECRET.search(key))
