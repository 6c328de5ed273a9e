"""Standby."""

import os

# Texts are short and their matrices small: several threads gain nothing for one, and where other work has the cores
# they spin and wait for each other, up to eight times as long. It counts only before numpy is loaded: hence here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
