"""The dashboard alone, on this machine: `streamlit run dashboard.py`.

The folder of the data is the platform's, or the one in ROLLBOOK_HOME. A code is printed in the
terminal; the page shows nothing before it was typed.
"""

from streamlit import App

from rollbook.cli.dashboard import run_by_streamlit

app = App(**run_by_streamlit())
