"""What others may build on: names that do not change without a release in between."""

import rollbook
from rollbook import errors


def test_the_public_names_are_pinned() -> None:
    assert rollbook.__all__ == ["RollbookError", "__version__", "open_engine"]


def test_every_error_has_the_common_base_and_stands_in_the_drawing() -> None:
    raised = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert all(issubclass(kind, rollbook.RollbookError) for kind in raised)
    drawing = errors.__doc__ or ""
    assert [kind.__name__ for kind in raised if kind.__name__ not in drawing] == []
