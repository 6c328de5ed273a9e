"""Draws figures as SVG and PNG with Altair and vl-convert: a process of its own (`pictures.py` says why)."""
