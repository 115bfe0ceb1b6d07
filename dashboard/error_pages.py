"""What a browser shows that asked for a page or file and was refused; a script gets a line."""

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from dashboard.components.shell import NOT_FOR_YOUR_ROLE, sentence
from feedback.errors import StorageUnavailable

_TITLES = {
    403: NOT_FOR_YOUR_ROLE,
    404: "Not found",
    413: "Too large",
    500: "Something went wrong",
}
# where the exception does not say more than its code
_WORDS = {
    413: "what was sent is larger than anything that is taken here: send less",
    500: "the server could not do it, and its log says why: try again, or tell an administrator",
}


def register(server: Flask) -> None:
    """Answer every refusal of ``server`` with a page where a page was asked for."""
    server.register_error_handler(HTTPException, _refusal)


def _refusal(error: HTTPException) -> AnyResponse:
    answer, code = error.get_response(), error.code or 500  # its headers say more, as Allow does
    own = error.description if error.description != type(error).description else None
    words = own or _WORDS.get(code) or error.description or error.name
    page = None
    if "text/html" in request.headers.get("Accept", ""):
        page = _page(_TITLES.get(code, "That cannot be done"), sentence(words))
    answer.data = page or f"{words}\n"
    answer.mimetype = "text/html" if page else "text/plain"
    return answer


def _page(title: str, text: str) -> str | None:
    """The page, or None: it looks as its reader chose, and the database may be what is gone."""
    try:
        return render_template("refusal.html", title=title, text=text)
    except StorageUnavailable:
        return None
