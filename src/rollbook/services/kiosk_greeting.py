"""How much of a name the site's kiosks show."""

from __future__ import annotations

from rollbook.domain.kiosks import Greeting
from rollbook.domain.ports import Clock, OpenUnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.errors import InvalidInput

GREETING = "kiosk_greeting"  # the site's setting


class KioskGreeting:
    """The site's choice, and a name as it is greeted."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def get(self) -> Greeting:
        with self._open_uow() as uow:
            wish = uow.site.get(GREETING)
        return next((one for one in Greeting if one.value == wish), Greeting.WHOLE)

    def choose(self, wish: str, by: str) -> Greeting:
        """Choose one of `Greeting` by its value.

        Raises:
            InvalidInput: it is none of them.
        """
        chosen = next((one for one in Greeting if one.value == wish), None)
        if chosen is None:
            raise InvalidInput("Choose how kiosks greet.")
        body = {"event": "kiosk greeting", "value": wish, "by": by}
        at = self._clock.now().isoformat()
        with self._open_uow() as uow:
            uow.site.set(GREETING, wish)
            uow.register.append(NewEntry(EntryKind.SETTING, {**body, "at": at}))
            uow.commit()
        return chosen

    def of(self, subject_id: str) -> str:
        """Return what is shown of somebody's name; raises NotFound."""
        chosen = self.get()
        with self._open_uow() as uow:
            return chosen.of(uow.subjects.get(subject_id).name)
