"""Conduct: the dated rules of contact and what breaks them, and complaints; no Streamlit inside."""
