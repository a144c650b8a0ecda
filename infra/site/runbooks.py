"""docs/runbooks: a page per alarm, the index, and the consolidated runbook.

What to do is written once per kind of alarm, in docs/runbooks/sources. The first line of a source is a pattern that
names its alarms. `{function}` stands for the group of that name. A line that begins with `[function=todo-cdc]` is kept
for that function only. What an alarm measures, means and does to users comes from the templates.
"""

import dataclasses
import functools
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from infra import ROOT
from infra.site import templates
from infra.site.markdown import code, codes, page, table
from infra.site.signals_reference import metrics_of

FOLDER = ROOT / "docs" / "runbooks"
SOURCES = FOLDER / "sources"
CONSOLIDATED = FOLDER / "consolidated.md"
HEADINGS = ("Meaning", "Impact", "First look", "Repair", "Verify", "Escalate")
DESCRIPTION = re.compile(
    r"\[(?P<severity>\w+)\] (?P<meaning>.+?)\. (?:Impact: (?P<impact>.+)\. )?Runbook: .*/(?P<page>[\w-]+)\.md"
)
INDEX = """\
# Runbooks

What to do when an alarm goes off: one page per alarm, with the same headings. `make reference` writes them from
`docs/runbooks/sources` and the templates of `prod`. [All of them on one page](consolidated.md) is there for printing.

Commands are written for the local account. On AWS, write `insights --target aws COMMAND`, and for those that
change something `insights --target aws --account 123456789012 COMMAND`. The program is `.venv/bin/insights`.

1. Open the page of the alarm. The alarm's description and the message on the topic name it.
2. *First look* shows what is wrong, and changes nothing.
3. *Repair*, then *Verify*. When that does not help in the time given, *Escalate*."""
CONSOLIDATED_INTRODUCTION = """\
# All runbooks on one page

Written by `make reference` from the same sources as [the pages of the alarms](README.md). A line that begins with a
name in brackets is about that function, state or stream only."""
OPERATORS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at least",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at most",
}


@dataclasses.dataclass(frozen=True)
class Alarm:
    """An alarm of prod, as its template describes it.

    Args:
        name: of the alarm.
        properties: of its resource.
        members: names of the alarms that a composite alarm is on for; empty for others.
    """

    name: str
    properties: dict[str, Any]
    members: tuple[str, ...] = ()

    @property
    def described(self) -> re.Match[str]:
        """The parts of the description.

        Raises:
            ValueError: it has not the form that `infra.stacks.alarms` gives it.
        """
        found = DESCRIPTION.fullmatch(self.properties["AlarmDescription"])
        if found is None:
            raise ValueError(f"{self.name}: the description has not the expected form")
        return found


@dataclasses.dataclass(frozen=True)
class Source:
    """What to do about one kind of alarm.

    Args:
        name: of the file, without `.md`.
        pattern: matches the names of its alarms.
        sections: the text below each heading.
    """

    name: str
    pattern: re.Pattern[str]
    sections: dict[str, str]

    def fill(self, alarm: Alarm) -> dict[str, str]:
        """The sections as they are for one alarm."""
        found = self.pattern.fullmatch(alarm.name)
        values = found.groupdict() if found else {}
        members = "\n".join(f"- [{name}]({name}.md)" for name in alarm.members)
        return {heading: _fill(text, {**values, "members": f"\n{members}"}) for heading, text in self.sections.items()}


def pages() -> dict[pathlib.Path, str]:
    """Every page below docs/runbooks and its text."""
    known, written = alarms(), {}
    for alarm in known:
        written[FOLDER / f"{alarm.name}.md"] = text(alarm)
    return {**written, FOLDER / "README.md": _index(known), CONSOLIDATED: _consolidated(known)}


def undocumented() -> list[str]:
    """Alarms without a source or with two, sources without an alarm, and headings that are missing or empty."""
    found, known = [], alarms()
    for alarm in known:
        matching = [source.name for source in sources() if source.pattern.fullmatch(alarm.name)]
        if len(matching) != 1:
            found.append(f"alarm {alarm.name} has {len(matching)} sources in docs/runbooks/sources: {matching}")
    for source in sources():
        if not any(source.pattern.fullmatch(alarm.name) for alarm in known):
            found.append(f"docs/runbooks/sources/{source.name}.md is about no alarm")
        empty = [heading for heading in HEADINGS if not source.sections.get(heading)]
        if empty or tuple(source.sections) != HEADINGS:
            found.append(f"docs/runbooks/sources/{source.name}.md needs {', '.join(HEADINGS)}, in this order")
    return found


def alarms() -> list[Alarm]:
    """Every alarm of prod, composite alarms included, by name."""
    found = [
        Alarm(resource["Properties"]["AlarmName"], resource["Properties"], _members(resource))
        for kind in ("Alarm", "CompositeAlarm")
        for _, _, resource in templates.resources(f"AWS::CloudWatch::{kind}")
    ]
    return sorted(found, key=lambda alarm: alarm.name)


@functools.cache
def sources() -> tuple[Source, ...]:
    """What to do, by kind of alarm."""
    return tuple(read_source(path.stem, path.read_text()) for path in sorted(SOURCES.glob("*.md")))


def read_source(name: str, text: str) -> Source:
    """A source from its file.

    Args:
        name: of the file, without `.md`.
        text: its content.

    Raises:
        ValueError: the first line has no pattern.
    """
    first, _, rest = text.partition("\n")
    found = re.fullmatch(r"<!-- alarms: (.+) -->", first)
    if found is None:
        raise ValueError(f"{name}: the first line is `<!-- alarms: PATTERN -->`")
    parts = re.split(r"^## (.+)$", rest, flags=re.MULTILINE)[1:]
    return Source(name, re.compile(found[1]), {parts[i]: parts[i + 1].strip() for i in range(0, len(parts), 2)})


def source_of(alarm: Alarm) -> Source:
    """The source that is about an alarm.

    Raises:
        LookupError: there is none.
    """
    for source in sources():
        if source.pattern.fullmatch(alarm.name):
            return source
    raise LookupError(f"no file of docs/runbooks/sources is about {alarm.name}")


def text(alarm: Alarm) -> str:
    """An alarm's page."""
    described, sections = alarm.described, source_of(alarm).fill(alarm)
    meaning = f"{described['meaning']}. {_capital(sections['Meaning'])}"
    impact = f"{_capital(described['impact'])}. {sections['Impact']}" if described["impact"] else sections["Impact"]
    parts = [f"# {alarm.name}", f"Severity *{described['severity']}*. [All runbooks](README.md)."]
    parts += ["## Meaning", meaning, measured(alarm)]
    parts += ["## Impact", impact]
    for heading in HEADINGS[2:]:
        parts += [f"## {heading}", sections[heading]]
    return page(*parts)


def measured(alarm: Alarm) -> str:
    """What an alarm compares with its threshold, and for how long."""
    given = alarm.properties
    if "Threshold" not in given:
        return f"It is on while one of {len(alarm.members)} alarms is, and no stage before it pages."
    statistic = given.get("ExtendedStatistic") or given.get("Statistic")
    names = {f"{metric['Namespace']} {metric['MetricName']}" for metric in metrics_of(given)}
    expression = next((one["Expression"] for one in given.get("Metrics", []) if "Expression" in one), None)
    what = (
        f"{code(statistic)} of {codes(sorted(names))}" if statistic else f"{code(expression)} of {codes(sorted(names))}"
    )
    periods, minutes = given["EvaluationPeriods"], period(given) // 60
    span = f"{minutes} min" if periods == 1 else f"{periods} periods of {minutes} min"
    is_on = given["TreatMissingData"] == "breaching"
    limit = f"{OPERATORS[given['ComparisonOperator']]} {given['Threshold']:,}"
    return f"Measured: {what}, {limit}, over {span}. Without data it is {'on' if is_on else 'off'}."


def period(alarm: dict[str, Any]) -> int:
    """The seconds that an alarm's metric is added up over."""
    if "Period" in alarm:
        return int(alarm["Period"])
    return max(int(one["MetricStat"]["Period"]) for one in alarm["Metrics"] if "MetricStat" in one)


def _fill(text: str, values: dict[str, str]) -> str:
    lines = []
    for line in text.splitlines():
        condition = re.match(r"\[(\w+)=([^\]]+)\] ", line)
        if condition is None:
            lines.append(line)
        elif values.get(condition[1]) == condition[2]:
            lines.append(line[condition.end() :])
    filled = re.sub(r"\{(\w+)\}", lambda found: values.get(str(found[1]), str(found[0])), "\n".join(lines))
    return re.sub(r"\n{3,}", "\n\n", filled).strip()


def _members(composite: dict[str, Any]) -> tuple[str, ...]:
    rule = json.dumps(composite["Properties"].get("AlarmRule", ""))
    found = []
    for _, logical, resource in templates.resources("AWS::CloudWatch::Alarm"):
        if f'"{logical}"' in rule:
            found.append(resource["Properties"]["AlarmName"])
    return tuple(sorted(found))


def _index(known: list[Alarm]) -> str:
    def rows(composite: bool) -> Iterator[tuple[str, str, str]]:
        for alarm in known:
            if bool(alarm.members) == composite:
                found = alarm.described
                yield f"[{alarm.name}]({alarm.name}.md)", found["severity"], found["meaning"]

    header = ("alarm", "severity", "what happened")
    return page(
        INDEX,
        "## Alarms that notify",
        "One per stage and severity, so that one incident notifies once. They lead to the alarms below.",
        table(header, rows(True)),
        "## Alarms",
        table(header, rows(False)),
    )


def _consolidated(known: list[Alarm]) -> str:
    parts = [CONSOLIDATED_INTRODUCTION]
    for source in sources():
        about = [alarm for alarm in known if source.pattern.fullmatch(alarm.name)]
        parts += [f"## {source.name}", "Alarms: " + codes(alarm.name for alarm in about) + "."]
        for heading, content in source.sections.items():
            plain = re.sub(r"^\[(\w+)=([^\]]+)\] (- )?", r"- [\2] ", content, flags=re.MULTILINE)
            plain = re.sub(r"\{members\}", "", re.sub(r"\[(\{\w+\}[\w-]*)\]\([^)]*\)", r"`\1`", plain))
            parts += [f"### {source.name}: {heading}", re.sub(r"\{(\w+)\}", lambda found: f"<{found[1]}>", plain)]
    return page(*parts)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
