"""Charts as all pages draw them: colours that everybody can tell apart, words, and the data.

The colours are those of Okabe and Ito, and viridis where there is more and less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import altair as alt
import pandas as pd
import streamlit as st
from babel import Locale

from rollbook.dashboard.hosting import CHECKED, host
from rollbook.dashboard.words import _, status_word, words
from rollbook.domain.attendance import Method, Status
from rollbook.reports.csv_file import cell
from rollbook.services.handing_out import chart_entry

BLUE, ORANGE, SKY, VERMILION = "#0072b2", "#e69f00", "#56b4e9", "#d55e00"
GREEN, PINK, GREY, PALE = "#009e73", "#cc79a7", "#8a8a8a", "#c8c8c8"
STATUS_COLOURS = {
    Status.PRESENT: BLUE,
    Status.LATE: ORANGE,
    Status.LEFT_EARLY: SKY,
    Status.ABSENT: VERMILION,
    Status.EXCUSED: GREY,
    Status.OPEN: PALE,
}
METHOD_COLOURS = {
    Method.FACE: BLUE,
    Method.PHOTO: SKY,
    Method.PIN: ORANGE,
    Method.QR: GREEN,
    Method.HAND: VERMILION,
    Method.INVENTED: GREY,
}


def status_scale(statuses: Iterable[Status] = tuple(Status)) -> alt.Scale:
    """Return which status has which colour."""
    shown = list(statuses)
    return alt.Scale(
        domain=[status_word(one) for one in shown], range=[STATUS_COLOURS[one] for one in shown]
    )


def field(name: str) -> str:
    """Return a column's name as Vega takes it: literally."""
    return re.sub(r"([.:\[\]])", r"\\\1", name)


def literal(text: str) -> str:
    """Return a text as Markdown shows it: as it is, whatever a group or a term is called."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)


def tooltip(rows: pd.DataFrame) -> list[alt.Tooltip]:
    """Return what is told about the mark under the pointer: every column."""
    return [_told(rows, name) for name in rows.columns]


def _told(rows: pd.DataFrame, name: str) -> alt.Tooltip:
    number = pd.api.types.is_numeric_dtype(rows[name])
    rounded = pd.api.types.is_float_dtype(rows[name])
    kind = "quantitative" if number else "nominal"
    shown = {"format": ".1f"} if rounded else {}
    return alt.Tooltip(field(name), type=kind, title=name, **shown)


def show(chart: alt.Chart | alt.LayerChart, rows: pd.DataFrame, title: str, told: str) -> None:
    """Show a chart under its title, told in words for who cannot see it, with its data as CSV.

    Streamlit's own button on the chart gives the picture (PNG).
    """
    st.subheader(literal(title))
    st.altair_chart(chart.configure(locale=_numbers()), width="stretch", alt=f"{title}. {told}")
    download(rows, title)


def _numbers() -> alt.Locale:
    """Return how numbers are written in the page's language."""
    marks = Locale.parse(words().language).number_symbols["latn"]
    return alt.Locale(
        number=alt.NumberLocale(
            decimal=marks["decimal"], thousands=marks["group"], grouping=[3], currency=["", ""]
        )
    )


def download(rows: pd.DataFrame, title: str) -> None:
    """Offer rows as CSV; no cell of it runs as a formula."""
    by = st.session_state[CHECKED].actor.by
    st.download_button(
        _("Data as CSV"),
        lambda: handed_out(rows, by),
        file_name=f"{_plain(title)}.csv",
        mime="text/csv",
        key=f"csv {title}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def handed_out(rows: pd.DataFrame, by: str) -> bytes:
    """Return the file once the register says who took it; it holds names, as every export."""
    parts = host().parts
    with parts.uow() as uow:
        uow.register.append(chart_entry(parts.clock.now(), by, len(rows)))
        uow.commit()
    return csv_of(rows)


def csv_of(rows: pd.DataFrame) -> bytes:
    """Return CSV in UTF-8 with a byte order mark, so that Excel opens it as it is.

    This is the one way out for what a page shows, and the one place that guards against formulas.
    """
    safe = rows.map(lambda value: cell(value) if isinstance(value, str) else value)
    safe.columns = pd.Index([cell(str(name)) for name in rows.columns])
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig", "replace")


def _plain(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-") or "data"


def empty(text: str) -> None:
    """Say in words why there is nothing to see."""
    st.info(text, icon=":material/inbox:")


def table(rows: pd.DataFrame, title: str) -> None:
    """Show rows as a table, and offer them as CSV."""
    st.dataframe(rows, hide_index=True, width="stretch")
    download(rows, title)
