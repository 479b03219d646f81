from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain import gallery as module
from rollbook.domain.gallery import COHORT_MIN, Candidate, Gallery, fused_gallery
from rollbook.domain.templates import Template, TemplateSpace, unit_rows
from rollbook.errors import TemplateSpaceMismatch

SPACE = TemplateSpace("test", "0123456789ab", 8)
Rows = npt.NDArray[np.float32]


def rows_of(count: int, seed: int = 0, dimension: int = 8) -> Rows:
    return unit_rows(np.random.default_rng(seed).standard_normal((count, dimension)))


def compared_with_all(owners: list[str], rows: Rows, probe: Rows, limit: int) -> list[str]:
    """Return the best subjects the slow way: every template, ties in the order of first mention."""
    best: dict[str, float] = {}
    for owner, row in zip(owners, rows, strict=True):
        best[owner] = max(best.get(owner, -2.0), float(np.dot(row, probe)))
    return sorted(best, key=lambda owner: -best[owner])[:limit]


@pytest.mark.parametrize("owners", [[], ["a"], ["a", "b", "a"]])
def test_a_gallery_says_whom_it_can_find(owners: list[str]) -> None:
    gallery = Gallery(SPACE, owners, rows_of(len(owners)))
    assert gallery.subject_ids == list(dict.fromkeys(owners))
    assert len(gallery) == len(set(owners))


def test_an_empty_gallery_finds_nobody() -> None:
    assert Gallery(SPACE).search_many(rows_of(3)) == [[], [], []]
    assert Gallery(SPACE).scores(rows_of(3)).shape == (3, 0)
    assert Gallery(SPACE, ["a"], rows_of(1)).search_many(rows_of(0)) == []


@given(
    owners=st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60),
    limit=st.integers(1, 12),
    block=st.integers(1, 70),
    group=st.integers(1, 20),
    seed=st.integers(0, 1000),
)
def test_the_search_answers_as_comparing_with_every_template(
    owners: list[str], limit: int, block: int, group: int, seed: int
) -> None:
    rows, probes = rows_of(len(owners), seed), rows_of(3, seed + 1)
    # small blocks, so that their borders are crossed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        patch.setattr(module, "GROUP", group)
        gallery = Gallery(SPACE, owners, rows)
        answers = gallery.search_many(probes, limit)
    for probe, found in zip(probes, answers, strict=True):
        assert [c.subject_id for c in found] == compared_with_all(owners, rows, probe, limit)
        scores = dict(zip(gallery.subject_ids, gallery.scores(probe[None])[0], strict=True))
        assert [c.score for c in found] == pytest.approx(
            [scores[c.subject_id] for c in found], abs=1e-6
        )


@given(st.integers(1, 40), st.integers(1, 50))
def test_equal_templates_keep_the_order_in_which_they_were_given(count: int, block: int) -> None:
    rows = np.repeat(rows_of(1), count, axis=0)
    names = [f"p{number}" for number in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = Gallery(SPACE, names, rows).search(Template(rows_of(1, 5)[0], SPACE))
    assert [c.subject_id for c in found] == names[:5]
    assert len({c.score for c in found}) == 1


def test_a_large_gallery_with_many_probes_answers_as_comparing_with_all() -> None:
    space = TemplateSpace("test", "0123456789ab", 128)
    rows, probes = rows_of(40_000, dimension=128), rows_of(200, 1, dimension=128)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 16_384)
        gallery = Gallery(space, map(str, range(len(rows))), rows)
    found = gallery.search_many(probes, limit=3)
    expected = np.argsort(-(probes @ rows.T), axis=1, kind="stable")[:, :3]
    assert [[int(c.subject_id) for c in row] for row in found] == expected.tolist()


def test_no_candidates_are_asked_for() -> None:
    assert Gallery(SPACE, ["a", "b"], rows_of(2)).search_many(rows_of(1), limit=0) == [[]]


def test_templates_of_another_space_are_refused() -> None:
    other = TemplateSpace("other", "0123456789ab", 8)
    foreign = Template(rows_of(1)[0], other)
    with pytest.raises(TemplateSpaceMismatch):
        Gallery(SPACE, ["a"], rows_of(1)).search(foreign)
    with pytest.raises(TemplateSpaceMismatch):
        Gallery.of(SPACE, [("a", foreign)])


@pytest.mark.parametrize(
    "rows", [rows_of(2), rows_of(1, dimension=4), rows_of(1).astype(np.float64)]
)
def test_a_matrix_of_another_shape_or_type_is_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match="float32"):
        Gallery(SPACE, ["a"], rows)


def test_samples_of_one_person_are_fused() -> None:
    rows = rows_of(3)
    gallery = fused_gallery(SPACE, ["a", "b", "a"], rows)
    middle = unit_rows((rows[0] + rows[2])[None])[0]
    best = gallery.search(Template(middle, SPACE))[0]
    assert best == Candidate("a", pytest.approx(1.0))
    assert len(gallery) == 2


def test_few_people_say_nothing_about_how_alike_they_look() -> None:
    names = [str(n) for n in range(COHORT_MIN)]
    rows = rows_of(COHORT_MIN)
    assert Gallery(SPACE, names[:-1], rows[:-1]).cohort() is None
    cohort = Gallery(SPACE, names, rows).cohort()
    between = (rows @ rows.T)[np.triu_indices(COHORT_MIN, 1)]
    assert cohort is not None
    assert (cohort.mean, cohort.deviation) == pytest.approx((between.mean(), between.std()))


def test_the_likeness_of_a_roster_does_not_count_samples_of_one_person() -> None:
    rows = rows_of(COHORT_MIN)
    owners = [str(n) for n in range(COHORT_MIN)]
    once = Gallery(SPACE, owners, rows).cohort()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 7)
        twice = Gallery(SPACE, owners + owners, np.concatenate([rows, rows])).cohort()
    assert once == twice
