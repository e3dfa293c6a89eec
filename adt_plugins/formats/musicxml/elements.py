"""Elements of MusicXML."""

from __future__ import annotations

from xml.etree import ElementTree as ET


def add(parent: ET.Element, name: str, value: object) -> ET.Element:
    """Add an element with a value; None: empty."""
    child = ET.SubElement(parent, name)
    if value is not None:
        child.text = str(value)
    return child
