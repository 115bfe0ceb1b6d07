"""Text as every database can hold it."""


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: without NUL, and with "?" for half a character."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
