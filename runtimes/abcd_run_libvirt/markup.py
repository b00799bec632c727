"""Parse untrusted XML: another of the user's tools may have written it into a machine."""

import xml.etree.ElementTree as ET

from abcd_run.limits import TEXT_BYTES


def parsed(text: str) -> ET.Element:
    """Parse XML. Raises `ValueError`, also if it is too long or declares its own entities."""
    if len(text) > TEXT_BYTES:
        raise ValueError("XML of more than 1 MiB")
    if "<!DOCTYPE" in text:
        raise ValueError("XML with a document type, whose entities could expand without limit")
    try:
        return ET.fromstring(text)  # noqa: S314  (the dangerous parts are refused above)
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
