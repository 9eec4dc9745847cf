"""Measure answers on questions of one's own: read, mark, sum up, compare, report."""
