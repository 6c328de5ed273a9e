"""What it costs: a programme of any size made from a seed, and how long its pages take."""
