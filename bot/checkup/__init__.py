"""What `python -m bot doctor` looks at: each check is a function from what it needs to a Finding."""
