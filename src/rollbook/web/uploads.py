"""What is sent never lies on the disk in clear: small in memory, large in sealed files."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any, cast

from flask import Request

from rollbook.web.parts import parts

IN_MEMORY = 8 * 1024 * 1024  # bytes of a whole request


class UploadRequest(Request):
    """A request whose files can be read from anywhere and leave nothing behind."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if total_content_length is not None and total_content_length <= IN_MEMORY:
            return BytesIO()
        sealed = parts().work_files.create()
        self.__dict__.setdefault("_sealed", []).append(sealed)
        return cast(IO[bytes], sealed)

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body as JSON; what is nested beyond measure is none."""
        try:
            return super().get_json(force, silent, cache)
        except RecursionError:
            return None if silent else self.on_json_loading_failure(None)

    def close(self) -> None:
        """Close all files, also those of a form that was refused half way."""
        super().close()
        for sealed in self.__dict__.pop("_sealed", []):
            sealed.close()
