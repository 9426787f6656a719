"""Collectors: what each achieved against what their cases led to expect, effort, quality, training; knows no Streamlit."""
