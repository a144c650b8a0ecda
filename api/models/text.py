"""Comparing what people write: by canonical caseless matching (Unicode Standard, section 3.13, D145)."""

import unicodedata


def fold(text: str) -> str:
    """Fold `text`, so that two texts are equal when they differ only in case or in how accents are encoded.

    `Café` matches `CAFÉ` and `Cafe` followed by a combining accent, `straße` matches `STRASSE`.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
