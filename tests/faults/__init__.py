"""Fault tests as programs: simulated weeks in which processes are killed, and a checker that reads what is left."""
