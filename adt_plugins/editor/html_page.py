"""A self-contained HTML file whose policy forbids everything else."""

from __future__ import annotations

import base64
import hashlib
import html
import json

from adt_plugins.base.folders import asset


def frame(
    title: str,
    bundle: str,
    style: str,
    place: str,
    *,
    scripts: str = "",
    more: str = "",
) -> tuple[str, str]:
    """Return the parts of a page before and after its data.

    Its content security policy allows its own script and style, by hash.

    Parameters
    ----------
    title
        Title of the page, as text.
    bundle
        Its script, a file of `notebook_ext`.
    style
        Its style sheet.
    place
        Identifier of the element that the script fills.
    scripts
        Further sources of scripts that the policy allows.
    more
        Further directives of the policy, each followed by ``"; "``.
    """
    script = asset("notebook_ext", bundle).read_text(encoding="utf-8")
    allowed = f"{_hash(script)} {scripts}".rstrip()
    policy = (
        f"default-src 'none'; script-src {allowed}; {more}style-src {_hash(style)};"
        " base-uri 'none'; form-action 'none'"
    )
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f'<body>\n<div id="{place}"></div>\n'
        "<noscript>This page needs JavaScript; it runs no scripts but its own."
        "</noscript>\n"
    )
    return head, f'<script type="module">{script}</script>\n</body>\n</html>\n'


def font_licence() -> str:
    """Return the licence of the music font whose outlines are in every page."""
    return asset("notebook_ext", "bravura-OFL.txt").read_text(encoding="utf-8")


def block(name: str, text: str) -> str:
    """Return an element of the page that holds data."""
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def embedded_json(data: object) -> str:
    """Return JSON that cannot end the element that it is in."""
    return json.dumps(data).replace("<", "\\u003c")


def base64_text(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode()


def _hash(text: str) -> str:
    return f"'sha256-{base64_text(hashlib.sha256(text.encode()).digest())}'"
