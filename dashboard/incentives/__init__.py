"""Pay from collections: plans as dated data, a month's run, its statements, the ledger that keeps them. Knows no Streamlit."""
