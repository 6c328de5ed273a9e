"""What the programme's figures are made of: counts and lengths of time, as plain values. Reads only.

SQL groups and counts raw columns; what they mean is said in `bot/core/became.py`.
"""
