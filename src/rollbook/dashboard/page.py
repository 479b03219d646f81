"""The script that Streamlit runs at every click; it keeps nothing."""

from rollbook.dashboard.frame import show

show()
