import numpy as np
import pytest

from rollbook.domain.templates import Template, TemplateSpace, fuse, unit_rows
from rollbook.errors import TemplateSpaceMismatch

SPACE = TemplateSpace("sface", "0123456789ab", 3)
OTHER = TemplateSpace("sface", "ba9876543210", 3)


def template(*values: float, space: TemplateSpace = SPACE) -> Template:
    return Template(unit_rows(np.array([values]))[0], space)


def test_templates_of_different_versions_are_never_compared() -> None:
    with pytest.raises(TemplateSpaceMismatch, match="0123456789ab"):
        template(1, 0, 0).score(template(1, 0, 0, space=OTHER))
    with pytest.raises(TemplateSpaceMismatch):
        fuse([template(1, 0, 0), template(1, 0, 0, space=OTHER)])


@pytest.mark.parametrize(
    "values",
    [
        np.empty((0,), np.float32),
        np.zeros((3,), np.float64),
        np.zeros((1, 3), np.float32),
        np.zeros((4,), np.float32),
    ],
)
def test_a_template_of_another_shape_or_dtype_is_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be float32"):
        Template(values, SPACE)


def test_a_template_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="read-only"):
        template(1, 0, 0).values[0] = 2


def test_fusing_gives_the_mean_direction_of_length_one() -> None:
    fused = fuse([template(1, 0, 0), template(0, 1, 0)])
    assert fused.values == pytest.approx([np.sqrt(0.5), np.sqrt(0.5), 0])


def test_fusing_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fuse([])


def test_rows_of_zeros_stay_zero() -> None:
    assert unit_rows(np.zeros((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert unit_rows(np.empty((0, 3))).shape == (0, 3)


def test_a_space_survives_being_written_and_read() -> None:
    space = TemplateSpace("my-own-net", "0123456789ab", 512)
    assert TemplateSpace.parse(str(space)) == space
