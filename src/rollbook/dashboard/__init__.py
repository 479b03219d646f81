"""Charts for people: Streamlit pages over figures that are computed elsewhere."""
