"""Rows to make figures of."""

from tests.reports.conftest import kept

__all__ = ["kept"]
