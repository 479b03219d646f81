"""What a running kiosk asks, beside Flask: pictures, codes and PINs. Its key opens this alone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from rollbook.bootstrap import App
from rollbook.domain.kiosk_answers import KioskAnswer
from rollbook.domain.kiosks import Device
from rollbook.errors import (
    Busy,
    InvalidInput,
    ModelError,
    RollbookError,
    StorageUnavailable,
    places_of,
)
from rollbook.services.refusals import Why
from rollbook.vision.frames import MAX_FRAME_BYTES
from rollbook.web.headers import PRIVATE
from rollbook.web.kiosk.answers import answer_json, found_json, said_json
from rollbook.web.kiosk.cookie import cookie_name
from rollbook.web.streaming import StreamContext

log = logging.getLogger(__name__)

AT_ONCE = 24  # questions of kiosks that are worked on; one more is told to come again
MAX_QUESTION = 4096  # bytes of JSON
RETRY_BUSY, RETRY_STORAGE = 200, 1000  # milliseconds
LONGEST = 200  # characters of what is typed or read

Payload = dict[str, object]
Question = Callable[[Device, bytes], Payload]


class Refused(Exception):
    """The request cannot be answered; nothing was done."""

    def __init__(self, status: int, **body: object) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def routes(context: StreamContext) -> list[BaseRoute]:
    """Return the addresses that a kiosk's script calls."""
    door = KioskDoor(context)
    return [
        Route("/kiosk/state", door.state, methods=["GET"]),
        Route("/kiosk/frame", door.frame, methods=["POST"]),
        Route("/kiosk/code", door.code, methods=["POST"]),
        Route("/kiosk/find", door.find, methods=["POST"]),
        Route("/kiosk/pin", door.pin, methods=["POST"]),
    ]


class KioskDoor:
    """Lets kiosks in by their key, and answers in a thread."""

    def __init__(self, context: StreamContext) -> None:
        self._parts: App = context.parts
        self._cookie = cookie_name(context.options)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kiosk")
        self._working = 0  # counted in the event loop alone

    async def state(self, request: Request) -> Response:
        session = _session_of(request)
        return await self._answer(request, 0, lambda device, _: self._state(device, session))

    async def frame(self, request: Request) -> Response:
        find_code = request.headers.get("x-code") == "find"
        ask = partial(self._frame, session=_session_of(request), find_code=find_code)
        return await self._answer(request, MAX_FRAME_BYTES, ask)

    async def code(self, request: Request) -> Response:
        return await self._answer(request, MAX_QUESTION, self._code)

    async def find(self, request: Request) -> Response:
        return await self._answer(request, MAX_QUESTION, self._find)

    async def pin(self, request: Request) -> Response:
        return await self._answer(request, MAX_QUESTION, self._pin)

    def _state(self, device: Device, session: str) -> Payload:
        return self._json(self._parts.kiosk_desk.state(device, session), device)

    def _frame(self, device: Device, body: bytes, *, session: str, find_code: bool) -> Payload:
        answer = self._parts.kiosk_desk.see(device, body, session, find_code=find_code)
        return self._json(answer, device)

    def _code(self, device: Device, body: bytes) -> Payload:
        asked = _fields(body)
        answer = self._parts.kiosk_desk.read(device, asked("text"), asked("session"))
        return self._json(answer, device)

    def _find(self, device: Device, body: bytes) -> Payload:
        asked = _fields(body)
        found = self._parts.kiosk_desk.find(device, asked("letters"), asked("session"))
        return found_json(found)

    def _pin(self, device: Device, body: bytes) -> Payload:
        asked, desk = _fields(body), self._parts.kiosk_desk
        if asked("claim"):
            said = desk.finish(device, asked("claim"), asked("pin"), asked("session"))
        else:
            said = desk.mark_by_pin(device, asked("subject"), asked("pin"), asked("session"))
        return said_json(said)

    def _json(self, answer: KioskAnswer, device: Device) -> Payload:
        return answer_json(answer, device, self._parts.clock.now())

    async def _answer(self, request: Request, limit: int, ask: Question) -> Response:
        try:
            _require_script(request)
            key = request.cookies.get(self._cookie, "")
            body = await _body(request, limit)
            payload = await self._in_thread(partial(self._work, key, body, ask))
        except Refused as refused:
            return JSONResponse(refused.body, refused.status, headers=PRIVATE)
        return JSONResponse(payload, headers=PRIVATE)

    async def _in_thread(self, work: Callable[[], Payload]) -> Payload:
        """Return what the work returns; nothing waits for a thread."""
        if self._working >= AT_ONCE:
            raise Refused(503, busy=True, retry_ms=RETRY_BUSY)
        self._working += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._working -= 1

    def _work(self, key: str, body: bytes, ask: Question) -> Payload:
        """Answer one question. What was sent is neither kept nor logged, whatever happens."""
        try:
            device = self._parts.devices.of_key(key)
            if device is None:
                self._parts.refusals.note(Why.KEY, "kiosk")
                raise Refused(401, reason="revoked")
            self._parts.devices.seen(device)
            return ask(device, body)
        except Busy as error:
            raise Refused(503, busy=True, retry_ms=RETRY_BUSY) from error
        except StorageUnavailable as error:
            raise Refused(503, reason="storage", retry_ms=RETRY_STORAGE) from error
        except ModelError as error:
            log.warning("a kiosk cannot recognise anybody: %s", type(error).__name__)
            raise Refused(503, reason="model", retry_ms=10_000) from error
        except InvalidInput as error:
            raise Refused(422, reason="unreadable") from error
        except RollbookError as error:
            log.warning("a kiosk's question failed: %s", type(error).__name__)
            raise Refused(500, reason="failed", retry_ms=RETRY_STORAGE) from error
        except Refused:
            raise
        except Exception as error:  # the kiosk has to hear something, and to try again
            log.error("a kiosk's question failed", exc_info=places_of(error))
            raise Refused(500, reason="failed", retry_ms=RETRY_STORAGE) from None


def _require_script(request: Request) -> None:
    """Refuse what another site's page may send: it cannot set this header."""
    if request.headers.get("x-kiosk") != "1":
        raise Refused(403, reason="header")


def _session_of(request: Request) -> str:
    return request.headers.get("x-session", "")[:LONGEST]


async def _body(request: Request, limit: int) -> bytes:
    """Return what was sent; more than the limit is not even read."""
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > limit:
        raise Refused(413, reason="too_large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refused(413, reason="too_large")
    return bytes(body)


def _fields(body: bytes) -> Callable[[str], str]:
    """Return what gives a text of the JSON object that was sent; empty when it is not there."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(422, reason="json") from error
    if not isinstance(sent, dict):
        raise Refused(422, reason="json")

    def field(name: str) -> str:
        value = sent.get(name, "")
        if not isinstance(value, str):
            return ""
        return value[:LONGEST].encode(errors="replace").decode()  # half a character is none

    return field
