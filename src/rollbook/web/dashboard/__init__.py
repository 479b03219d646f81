"""The way to the dashboard: a ticket, a cookie, and the guard in front of Streamlit."""
