"""Collections analytics: DuckDB over exported collection data, shown on Streamlit pages."""
