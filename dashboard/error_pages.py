"""What a browser shows that asked for a page or file and was refused; a script gets a line."""

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from dashboard.components.shell import NOT_FOR_YOUR_ROLE, sentence

_TITLES = {
    403: NOT_FOR_YOUR_ROLE,
    404: "Not found",
    413: "Too large",
    500: "Something went wrong",
}
# of the others the exception says more than its code
_WORDS = {
    413: "what was sent is larger than anything that is taken here: send less",
    500: "the server could not do it, and its log says why: try again, or tell an administrator",
}


def register(server: Flask) -> None:
    """Answer every refusal of ``server`` with a page where a page was asked for."""
    server.register_error_handler(HTTPException, _refusal)


def _refusal(error: HTTPException) -> AnyResponse | tuple[str, int]:
    if error.response is not None or error.code is None:
        return error.get_response()  # a redirect, or an answer that is made already
    words = _WORDS.get(error.code) or error.description or error.name
    if "text/html" not in request.headers.get("Accept", ""):
        return Response(f"{words}\n", error.code, mimetype="text/plain")
    title = _TITLES.get(error.code, "That cannot be done")
    return render_template("refusal.html", title=title, text=sentence(words)), error.code
