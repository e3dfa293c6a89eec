"""A host that offers what anywidget documents, and nothing else: as VS Code's may."""

from __future__ import annotations

import base64
from typing import Any

from adt_plugins.base.folders import asset

TRAITS = ("_header", "_log", "_views", "theme", "position", "playing", "selection",
          "selected")  # fmt: skip

# What anywidget documents of a model: get, set, save_changes, on, off, send. It has no
# `widget_manager`, no `experimental`, no event but those of traits and messages.
HOST = """async ([state, binary, initializes]) => {
  const bytes = text => new DataView(
    Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
  const values = new Map(Object.entries(state));
  for (const [name, data] of Object.entries(binary))
    values.set(name, Array.isArray(data) ? data.map(bytes) : bytes(data));
  const listeners = new Map();
  const tell = (name, ...data) => {
    for (const listener of listeners.get(name) ?? []) listener(...data);
  };
  const model = Object.freeze({
    get: name => values.get(name),
    set: (name, value) => { values.set(name, value); tell(`change:${name}`); },
    save_changes: () => {},
    on: (name, listener) =>
      listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    off: (name, listener) => listeners.set(
      name, (listeners.get(name) ?? []).filter(other => other !== listener)),
    send: content => void toPython(content).then(answers => {
      for (const [message, buffers] of answers)
        tell("msg:custom", message, buffers.map(bytes));
    }),
  });
  const { default: made } = await import("http://localhost/widget.js");
  const widget = typeof made === "function" ? await made() : made;
  const stop = initializes ? await widget.initialize({ model }) : null;
  const el = document.createElement("div");
  document.body.append(el);
  const gone = await widget.render({ model, el });
  window.host = { leave: () => { gone(); stop?.(); el.remove(); }, listeners };
}"""
SESSION = "document.querySelector('[data-lm-suppress-shortcuts]').adt"


def show(page: Any, widget: Any, initializes: bool) -> None:
    """Show a widget in a page that is such a host."""
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers or []))

    def to_python(content: Any) -> Any:
        sent.clear()
        widget._receive(widget, content, [])
        return [
            [message, [base64.b64encode(data).decode() for data in buffers]]
            for message, buffers in sent
        ]

    bundle = asset("notebook_ext", "widget.js")
    page.route("http://localhost/", lambda route: route.fulfill(body="<body>"))
    page.route(
        "http://localhost/widget.js",
        lambda route: route.fulfill(path=bundle, content_type="text/javascript"),
    )
    page.expose_function("toPython", to_python)
    page.goto("http://localhost/")
    state = {name: widget.get_state(name)[name] for name in TRAITS}
    binary = {
        "_data": base64.b64encode(widget._data).decode(),
        "_chunks": [base64.b64encode(chunk).decode() for chunk in widget._chunks],
        "_table": "",
    }
    page.evaluate(HOST, [state, binary, initializes])
