"""From files to a searchable shelf: load, split, embed, store, search."""
