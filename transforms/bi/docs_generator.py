"""The lists in docs/bi.md: gold's tables as dbt's models describe them, and the saved queries.

python -m transforms.bi.docs_generator            writes them into the page
python -m transforms.bi.docs_generator --check    exits 1 when the page is not as it would be written
"""

import pathlib
import sys

import yaml

from transforms.bi.saved_queries import all_queries

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "bi.md"
MARTS = ROOT / "transforms" / "dbt" / "models" / "marts"


def tables() -> str:
    """One row per mart: its name and the first sentence of its description, which is its grain."""
    models = [yaml.safe_load(path.read_text())["models"][0] for path in sorted(MARTS.glob("*.yml"))]
    rows = [f"| `{model['name']}` | {_sentence(model['description'])} |" for model in models]
    return "\n".join(["| table | what it holds |", "|---|---|", *rows])


def questions() -> str:
    """One row per saved query: its title, which leads to its file, and what it answers."""
    rows = [
        f"| [{query.title}](../transforms/bi/queries/{query.name}.sql) | {query.description} |"
        for query in all_queries()
    ]
    return "\n".join(["| question | what it shows |", "|---|---|", *rows])


def page(text: str) -> str:
    """The page with its two lists as they are now."""
    for name, content in (("tables", tables()), ("questions", questions())):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{content}\n\n{end}{rest.partition(end)[2]}"
    return text


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit status."""
    now = PAGE.read_text()
    expected = page(now)
    if arguments == ["--check"]:
        if now != expected:
            print(f"{PAGE.name} is out of date: `make bi-reference` writes it", file=sys.stderr)
        return int(now != expected)
    PAGE.write_text(expected)
    return 0


def _sentence(description: str) -> str:
    text = " ".join(description.split())
    first, stop, _ = text.partition(". ")
    return first.rstrip(".") + "." if stop or text else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
