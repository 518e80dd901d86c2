"""What the designs were given: budgets, sizes, settings that make a comparison fair or not."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Comparison, LedgerRow
from ablation.metrics.hd95_methods import HD95_METHODS
from ablation.report.sections.blocks import Block, Cell, Paragraph, Row, Section, Table
from ablation.report.source import Source

MEANINGS = {
    "hd95_method": {one.name: one.sentence for one in HD95_METHODS.values()},
    "tta": {
        "d4": "eight views: turned and mirrored",
        "hflip": "two views: mirrored left and right",
        "seed8": "eight views, the slice itself twice",
    },
    "morphology": {
        "min_size": "components below a size removed",
        "adaptive": "large components eroded",
        "erode_all": "every component eroded",
        "open": "erosion, then dilation",
        "close": "dilation, then erosion",
    },
    "threshold": {"0": "Otsu's, of each case's map"},
    "search": {
        "auto": "threshold in trials; also views and post-processing in finals",
        "full": "threshold, views and post-processing",
    },
    "protocol": {"holdout": "one split into train, validation and test"},
}
"""What values that are names mean."""
HINT = (
    "What the designs were given. Unequal budgets weaken a verdict; they are named here even "
    "where they do not matter."
)


def fairness(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return the fairness ledger."""
    stated = [row for row in comparison.ledger if any(value is not None for value in row.stated)]
    silent = [row.label for row in comparison.ledger if row not in stated]
    blocks: list[Block] = [_ledger(comparison, stated)] if stated else []
    if silent:
        blocks.append(Paragraph(f"Stated for no design: {', '.join(silent)}."))
    return Section("fairness", "Fairness", HINT, tuple(blocks))


def _in_words(row: LedgerRow) -> list[str]:
    """The values as printed; names of methods with what they mean."""
    meanings = MEANINGS.get(row.fact, {})
    return [f"{text} ({meanings[text]})" if text in meanings else text for text in row.values]


def _ledger(comparison: Comparison, stated: Sequence[LedgerRow]) -> Table:
    return Table(
        ("", *comparison.designs, "remark"),
        tuple(
            Row(
                (
                    row.label,
                    *(Cell(text, kind="value") for text in _in_words(row)),
                    Cell(row.remark, kind="remark", mark=row.colour),
                )
            )
            for row in stated
        ),
        texts={"", "remark"},
        label="Fairness ledger",
    )
