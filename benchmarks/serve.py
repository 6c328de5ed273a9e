"""Serve an application as app.py serves Standby: `python -m benchmarks.serve MODULE:FACTORY PORT`."""

import sys

from app import serve

if __name__ == "__main__":
    serve(sys.argv[1], "127.0.0.1", int(sys.argv[2]))
