"""All data of the site as a file of JSON lines, and back: `manage.py export` and `manage.py import`.

`kinds.py` lists what lines there are, in their order; each kind has a module that reads it from the data store, and
checks and makes it again. `player_parts.py` is a table of what a player's line holds. The form of the file, and what
becomes of each key, stand in docs/operations.md.
"""
