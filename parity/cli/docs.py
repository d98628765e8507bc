"""`parity docs`: the dbt documentation site with its lineage."""

from __future__ import annotations

import contextlib
import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated

import typer

from parity.cli.options import AsJson, Asked, HomeOption, at_home
from parity.cli.screen import say, show_json
from parity.home import Home, HomeError

app = typer.Typer(help="dbt documentation and lineage.", no_args_is_help=True)

# The page carries its scripts and styles in itself and fetches nothing from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'"
)


@app.command("build")
@at_home
def build(asked: Asked) -> None:
    """Make the site: one page that works without a network."""
    from parity.warehouse.documentation import build_documentation

    page = build_documentation(*asked.open_data())
    if asked.as_json:
        show_json({"page": page})
    else:
        say(str(page))


@app.command("serve")
def serve(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=0, help="0 takes a free one.")] = 8000,
    as_json: AsJson = False,
) -> None:
    """Serve the site to this machine alone, until Ctrl-C."""
    folder = Home.find(home).published / "documentation"
    if not (folder / "index.html").exists():
        raise HomeError("no_documentation", "make it first: parity docs build")
    handler = functools.partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        if as_json:
            show_json({"address": address})
        else:
            say(f"{address}  (Ctrl-C ends)")
        with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
            server.serve_forever()


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder, with a policy that lets the page reach nothing else."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", _POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: who read which page is nobody's record here."""
