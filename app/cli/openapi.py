"""`minqing openapi`: the API document, as the web page's types are generated from it."""

import json

import typer

from app.core.context import Context
from app.core.settings import Settings


def openapi() -> None:
    """Print the OpenAPI document. It needs no database."""
    typer.echo(openapi_text(), nl=False)


def openapi_text() -> str:
    """The document as it is committed: two blanks, Chinese as it is, one line end at the end."""
    from app.main import create_app

    # Nobody connects: the document is made from the routes alone.
    context = Context.open(Settings(), "postgresql://localhost/none")
    return json.dumps(create_app(context).openapi(), indent=2, ensure_ascii=False) + "\n"
