"""index.html, and its figures as files: what the sections hold, set on a page."""

from ablation.report.page.index import page, sections

__all__ = ["page", "sections"]
