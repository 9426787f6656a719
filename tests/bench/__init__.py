"""Benchmarks: ratios within one run, never a timed test."""
