"""Charts as all pages draw them: colours that everybody can tell apart, words, and the data.

The colours are those of Okabe and Ito.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from babel import Locale
from pandas.io.formats.style import Styler

from rollbook.dashboard.hosting import CHECKED, host
from rollbook.dashboard.words import _, method_word, status_word, words
from rollbook.domain.attendance import Method, Status
from rollbook.reports.csv_file import cell
from rollbook.services.handing_out import chart_entry

BLUE, ORANGE, SKY, VERMILION = "#0072b2", "#e69f00", "#56b4e9", "#d55e00"
GREEN, PINK, GREY, PALE = "#009e73", "#cc79a7", "#8a8a8a", "#c8c8c8"
FEWEST = 14  # columns of cells for which there is room
GAP = 0.06  # of a cell, in which the page is seen, light or dark
STATUS_COLOURS = {
    Status.PRESENT: BLUE,
    Status.LATE: ORANGE,
    Status.LEFT_EARLY: SKY,
    Status.ABSENT: VERMILION,
    Status.EXCUSED: GREY,
    Status.OPEN: PALE,
}
SIGNS = {
    Status.PRESENT: "✓",
    Status.LATE: "→",
    Status.LEFT_EARLY: "←",
    Status.ABSENT: "✗",
    Status.EXCUSED: "○",
    Status.OPEN: "?",
}
INK = {one: "white" if colour == BLUE else "black" for one, colour in STATUS_COLOURS.items()}
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


def signs(drawn: alt.Chart, sign: str, columns: int) -> alt.Chart:
    """Return the sign of each cell's status, no wider than one of so many columns.

    `sign` names the column that holds it.
    """
    scale = alt.Scale(
        domain=list(SIGNS.values()), range=[INK[one] for one in SIGNS], type="ordinal"
    )
    size = alt.ExprRef(f"min(12, width / {max(columns, FEWEST)})")
    return drawn.mark_text(fontSize=size).encode(
        text=field(sign),
        color=alt.Color(field(sign), type="nominal", scale=scale, legend=None),
    )


def status_key(statuses: Iterable[Status]) -> str:
    """Return which colour and sign stands for which status, as Markdown that wraps anywhere."""
    return _key(
        (
            f':color[\u00a0{SIGNS[one]}\u00a0]{{foreground="{INK[one]}" '
            f'background="{STATUS_COLOURS[one]}"}}',
            status_word(one),
        )
        for one in statuses
    )


def method_key(methods: Iterable[Method]) -> str:
    """Return the same for the ways of arriving, which have no signs."""
    return _key(
        (f':color[■]{{foreground="{METHOD_COLOURS[one]}"}}', method_word(one)) for one in methods
    )


def _key(entries: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{mark}\u00a0{_unbroken(word)}\u2003" for mark, word in entries)


def _unbroken(word: str) -> str:
    return literal(word).replace(" ", "\u00a0")


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


def axis(labels: Mapping[str, str], value: str = "datum.value", **more: Any) -> alt.Axis:
    """Return an axis whose values are written as these labels: in the language of the page.

    `value` is Vega's expression for what is looked up.
    """
    shown = f"({json.dumps(dict(labels))})[{value}]"
    return alt.Axis(labelAngle=-45, labelOverlap=True, labelExpr=shown, **more)


def cells(name: str, labels: Mapping[str, str], **more: Any) -> alt.X:
    """Return columns of cells, with room for at least `FEWEST`, so that few do not become bars."""
    room = {f"room {n}": "" for n in range(FEWEST - len(labels))}
    return alt.X(
        field(name),
        type="ordinal",
        title=None,
        scale=alt.Scale(domain=[*labels, *room], paddingInner=GAP),
        axis=axis({**labels, **room}, **more),
    )


def whole_numbers() -> alt.Axis:
    """Return an axis of counts: nobody is there half."""
    return alt.Axis(tickMinStep=1, format=",d")


def remark(text: str) -> None:
    """Say something smaller; Streamlit's own caption is too pale on white to be read by all."""
    st.markdown(f":small[{text}]")


def numbers(shown: Iterable[tuple[str, str]]) -> None:
    """Show figures, a label and a value each, in as few lines as the screen allows."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in shown:
            st.metric(label[:1].upper() + label[1:], value, width="content")


def show(
    chart: alt.Chart | alt.LayerChart, rows: pd.DataFrame, title: str, told: str, key: str = ""
) -> None:
    """Show a chart under its title, told in words for who cannot see it, with its data as CSV.

    `key` says in Markdown what its colours stand for. Streamlit's own button on the chart gives
    the picture (PNG).
    """
    st.header(literal(title))
    if key:
        st.markdown(key)
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
    st.dataframe(written(rows), hide_index=True, width="stretch")
    download(rows, title)


def written(rows: pd.DataFrame) -> Styler:
    """Return a table whose numbers are written as in the language of the page."""
    numeric = list(rows.select_dtypes("number").columns)
    return rows.style.format(words().number, subset=numeric, na_rep="")
