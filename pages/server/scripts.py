"""The pages' scripts as files, which a browser asks for once, under a name that changes with them."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pages.live import browser

#: What never changes is asked for once a year.
KEPT = {"cache-control": "public, max-age=31536000, immutable"}


def route() -> Route:
    """Return the route of all scripts, and let the pages know that there is one."""
    browser.SERVED = True
    return Route(f"/{browser.folder()}/{{name}}", _script)


def _script(request: Request) -> Response:
    script = browser.scripts().get(request.path_params["name"])
    if script is None:
        return PlainTextResponse("Not found", 404)
    return Response(script, headers=KEPT, media_type="text/javascript")
