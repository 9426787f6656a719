"""Statistical methods: numbers in, numbers out; no SQL, no Streamlit."""
