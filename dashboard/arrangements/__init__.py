"""Repayment plans and follow-ups: how long plans last, what they will bring, how they are told. Knows no Streamlit."""
