"""Parts that keep the register honest: anchors, and what is done when entries are lost."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.privacy import PrivacyParts

if TYPE_CHECKING:
    from rollbook.domain.witness import Standing
    from rollbook.services.anchors import Anchors, Keep
    from rollbook.services.losses import Losses


class EvidenceParts(PrivacyParts):
    """What shows that nobody changed the register."""

    @cached_property
    def anchors(self) -> Anchors:
        from rollbook.services.anchors import Anchors
        from rollbook.storage.signing import is_signed

        return Anchors(self.uow, self.clock, is_signed)

    @cached_property
    def keep_anchor(self) -> Keep:
        """Puts an anchor into the folder of the site."""
        from rollbook.services.anchors import keeper
        from rollbook.storage.anchor_files import write_anchor

        return keeper(self.settings.resolved_anchors_dir, write_anchor)

    @cached_property
    def losses(self) -> Losses:
        from rollbook.services.losses import Losses

        return Losses(self.uow, self.clock)

    def standing(self) -> Standing:
        """Return how the register stands to the witness beside the keys.

        Raises:
            RegisterTampered: the head of the register was changed.
        """
        return self.database.standing()
