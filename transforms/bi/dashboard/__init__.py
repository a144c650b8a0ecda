"""The dashboard: Streamlit pages over Athena, the local account's or AWS's, whichever the environment names."""
