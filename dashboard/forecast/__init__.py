"""Cash to come: by placement batch, by movement between buckets, and how well each would have done; no SQL, no Streamlit."""
