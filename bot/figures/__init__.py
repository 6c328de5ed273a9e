"""The programme's figures: what `reports` counts, as sentences, tables and pictures that people read. Reads only."""
