"""Spellings that sqlglot reads for the sake of other databases and that Trino's grammar does not have.

https://trino.io/docs/current/sql/select.html
"""

import itertools
from collections.abc import Iterator

import sqlglot
from sqlglot.tokenizer_core import Token, TokenType

_AFTER_A_LIST = frozenset(
    {
        TokenType.EXCEPT,
        TokenType.FROM,
        TokenType.GROUP_BY,
        TokenType.HAVING,
        TokenType.INTERSECT,
        TokenType.ORDER_BY,
        TokenType.R_BRACKET,
        TokenType.R_PAREN,
        TokenType.UNION,
        TokenType.WHERE,
    }
)
_OPERATORS = frozenset({TokenType.DCOLON, TokenType.ILIKE})


def foreign_word(sql: str) -> str:
    """Which word of a statement Trino would not expect, and where; empty when there is none.

    Looks for `::`, `==`, `ilike`, and a comma after a list's last element.

    Raises:
        sqlglot.TokenError: a quote or a comment has no end.
    """
    tokens = sqlglot.tokenize(sql, read="trino")
    for token in _foreign(tokens):
        word = sql[token.start : token.end + 1]
        return f"line {token.line}:{token.col - len(word) + 1}: mismatched input '{word.split()[0]}'"
    if tokens and tokens[-1].token_type is TokenType.COMMA:
        return f"line {tokens[-1].line}:{tokens[-1].col + 1}: mismatched input '<EOF>'"
    return ""


def _foreign(tokens: list[Token]) -> Iterator[Token]:
    for before, token in itertools.pairwise(tokens):
        kind = token.token_type
        ends_a_list = before.token_type is TokenType.COMMA and kind in _AFTER_A_LIST
        if ends_a_list or kind in _OPERATORS or (kind is TokenType.EQ and token.text == "=="):
            yield token
