"""`POST /predict`: what an uploaded picture shows."""

from __future__ import annotations

import io
from typing import IO, Any

import flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from monitor.errors import BusyError, PictureError
from monitor.web.answers import answer, refuse
from monitor.web.queries import number
from monitor.web.window import Window

MAX_BYTES = 8_000_000
"""Of all pictures of a request together."""
MAX_BODY = 8_500_000
"""Of a request, with what the form puts around the pictures."""
MAX_PICTURES = 8
USUAL_TOP = 3
MOST_TOP = 20

_FIELDS = ("file", "image")
_MAX_PARTS = 16
_MAX_TEXT = 500_000  # of a part that is no file; less than the parser reads at once (64 kB) would refuse files as well
_STATUS = {"damaged": 400, "format": 415, "size": 413}
_TOO_LARGE = f"too large: at most {MAX_PICTURES} pictures, {MAX_BYTES // 1_000_000} MB in all; make them smaller, or send fewer"
_NO_FILE = "there is no picture: send one in the field `file`, for example curl -F file=@cat.jpg"


def blueprint(window: Window) -> flask.Blueprint:
    """Serve /predict."""
    routes = flask.Blueprint("predict", __name__)

    @routes.post("/predict")
    def predict() -> flask.Response:
        top = number("top", MOST_TOP, USUAL_TOP) or USUAL_TOP
        uploads = _uploads()
        try:
            if len(uploads) == 1:
                return answer(_predict(window, uploads[0], top))
            return answer([{"file": upload.filename} | _predict_or_say(window, upload, top) for upload in uploads])
        except PictureError as error:
            refuse(_STATUS[error.reason], str(error))
        except BusyError as error:
            refuse(503, str(error), 1)

    return routes


def _predict(window: Window, upload: FileStorage, top: int) -> dict[str, Any]:
    found = window.predict(upload.read(), top)
    return {
        "predictions": [
            {"label": one.label, "class_id": one.class_id, "probability": round(one.score * 100, 2)} for one in found.predictions
        ],
        "model": found.model,
        "elapsed_ms": round(found.elapsed_ms, 1),
    }


def _predict_or_say(window: Window, upload: FileStorage, top: int) -> dict[str, Any]:
    """Let one bad picture among several cost the others nothing."""
    try:
        return _predict(window, upload, top)
    except PictureError as error:
        return {"error": str(error)}


def _uploads() -> list[FileStorage]:
    """Read the pictures of the present request. 400: there is none; 413: too many, or too large; 415: it is no form with files."""
    if flask.request.mimetype != "multipart/form-data":
        refuse(415, "send the picture as a form (multipart/form-data) in the field `file`, for example curl -F file=@cat.jpg")
    try:
        files = _files()
    except RequestEntityTooLarge:
        refuse(413, _TOO_LARGE)
    except ValueError:
        refuse(400, "the form is damaged: it is not what its Content-Type says (multipart/form-data with a boundary)")
    uploads = [upload for field in _FIELDS for upload in files.getlist(field) if upload.filename]
    if not uploads:
        refuse(400, _NO_FILE)
    if len(uploads) > MAX_PICTURES or sum(_size(upload) for upload in uploads) > MAX_BYTES:
        refuse(413, _TOO_LARGE)
    return uploads


def _files() -> MultiDict[str, FileStorage]:
    """Parse the form here, as Flask would put large files on the disk; ValueError, RequestEntityTooLarge."""
    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_memory_size=_MAX_TEXT,
        max_content_length=MAX_BODY,
        max_form_parts=_MAX_PARTS,
        silent=False,
    )
    return parser.parse_from_environ(flask.request.environ)[2]


def _in_memory(
    total_content_length: int | None,  # noqa: ARG001 - the parser calls it by these names
    content_type: str | None,  # noqa: ARG001
    filename: str | None,  # noqa: ARG001
    content_length: int | None = None,  # noqa: ARG001
) -> IO[bytes]:
    return io.BytesIO()


def _size(upload: FileStorage) -> int:
    return upload.stream.seek(0, io.SEEK_END) - upload.stream.seek(0)
