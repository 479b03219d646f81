"""The dashboard alone, on this machine: `streamlit run dashboard.py`.

The folder of the data is the platform's, or the one in ROLLBOOK_HOME. A code is printed in the
terminal when the page is opened; the page shows nothing before it was typed.
"""

from rollbook.cli.dashboard import page

page()
