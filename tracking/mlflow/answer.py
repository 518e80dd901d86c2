"""Does a tracking server work? Asked with one small question, so that the answer is there in seconds."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass

from mlflow.tracking._tracking_service.utils import (  # type: ignore[attr-defined]
    get_default_host_creds,
)
from mlflow.utils.rest_utils import http_request

from tracking.address import shown
from tracking.errors import UnreachableError
from tracking.redaction import without_secrets

ANSWER_S = 10.0
"""Seconds a working server takes at most for the question."""
QUESTION = "/api/2.0/mlflow/experiments/search"
LATER = "Nothing is lost; when it works again: ablate sync"


@dataclass(slots=True)
class _Answer:
    """What came back."""

    status: int = 0
    is_mlflow: bool = False
    error: str = ""


def ask(uri: str) -> None:
    """Return when an MLflow server works at the address, http or https.

    The whole answer must be there in time; a server that sends a byte now and then is too slow.

    Raises:
        UnreachableError: It does not answer, not in time, refuses, or is no MLflow server.
    """
    answer = _Answer()
    asking = threading.Thread(target=_ask, args=(uri, answer), daemon=True)
    asking.start()
    asking.join(ANSWER_S)
    where = shown(uri)
    if asking.is_alive() or "timed out" in answer.error:
        raise UnreachableError(
            f"the tracking server at {where} does not answer within {ANSWER_S:g} s", hint=LATER
        )
    if answer.error:
        raise UnreachableError(
            f"the tracking server at {where} does not answer: {_cause(answer.error)}",
            hint="Start the server, or check MLFLOW_TRACKING_URI; then: ablate sync",
        )
    if answer.status in (401, 403):
        raise UnreachableError(
            f"the tracking server at {where} refuses to answer (HTTP {answer.status})",
            hint="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; then: ablate sync",
        )
    if answer.status >= 500:
        raise UnreachableError(
            f"the tracking server at {where} does not work (HTTP {answer.status})", hint=LATER
        )
    if answer.status != 200 or not answer.is_mlflow:
        raise UnreachableError(
            f"the tracking server at {where} answers, but not as an MLflow server (HTTP {answer.status})",
            hint="Check the address: --tracking-uri or MLFLOW_TRACKING_URI; then: ablate sync",
        )


def _cause(error: str) -> str:
    """Return the system's own words at the end of the client's sentence, else the whole of it.

    >>> _cause('HTTPConnectionPool(...): Max retries (... "[Errno 111] Connection refused"))')
    'Connection refused'
    """
    found = re.findall(r"\[Errno -?\d+\] ([^\"')]+)", error)
    return found[-1] if found else without_secrets(error)


def _ask(uri: str, answer: _Answer) -> None:
    try:
        response = http_request(  # type: ignore[no-untyped-call]
            get_default_host_creds(uri),  # type: ignore[no-untyped-call]
            QUESTION,
            "GET",
            params={"max_results": 1},
            max_retries=0,
            timeout=ANSWER_S,
            raise_on_status=False,
        )
        answer.is_mlflow = isinstance(_json(response.text), dict)
        answer.status = response.status_code
    except Exception as error:  # noqa: BLE001 - said by the thread that waits
        answer.error = str(error) or type(error).__name__


def _json(text: str) -> object:
    try:
        content: object = json.loads(text)
    except ValueError:
        return None
    return content
