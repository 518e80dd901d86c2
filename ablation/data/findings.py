"""Findings: what is wrong with the files (errors) and what was assumed (warnings)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ablation.errors import DataError
from ablation.errors.words import counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, or one assumption, and the file it concerns."""

    severity: Literal["error", "warning"]
    where: str
    """File or folder, relative to the folder of the patients."""
    fault: str
    patient: str | None = None
    """Whom it makes unusable (error) or concerns (warning); None: no single patient."""
    sequence: str | None = None
    """The sequence a warning is about, which matters only where it is used; None: it always does."""

    def __str__(self) -> str:
        """Return `where: fault`."""
        return f"{self.where}: {self.fault}"


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that make a patient unusable."""
    return tuple(finding for finding in findings if finding.severity == "error")


def refuse(root: str, findings: Iterable[Finding], patients: str) -> None:
    """Raise one error that lists every fault, if there is one.

    Args:
        root: Where the patients lie, for the message.
        findings: Errors and warnings; only errors count.
        patients: How many were looked at, in words.
    """
    faults = errors_of(findings)
    if not faults:
        return
    concerned = len({finding.patient for finding in faults})
    listed = "".join(f"\n  {finding}" for finding in faults)
    raise DataError(
        f"{root}: {counted(len(faults), 'fault')} in {concerned} of {patients}{listed}",
        hint="Repair or fetch these files again, or leave these patients out with --skip-bad.",
    )
