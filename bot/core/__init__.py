"""The rules of Standby: values in, values out. No I/O, no clock, no database, no framework."""
