"""docs/alarms.md: every alarm of prod with its severity, its meaning, its impact and its page."""

from infra.site import runbooks
from infra.site.markdown import code, page, table

INTRODUCTION = """\
# Alarms

Every alarm of the `prod` environment. `make reference` writes this page from the templates.

Only the composite alarms below notify, of the alarm and of its end: severity *page* through the topic `todo-alerts`,
*ticket* through `todo-tickets`. A composite alarm is on while any alarm of its stage and severity is on, except while a
stage that feeds it pages; so one incident notifies once. A failed state of the pipeline pages by the state machine's
own message, which has the reason; its alarm makes a ticket that closes by itself."""


def text() -> str:
    """The whole page."""
    known = runbooks.alarms()
    composite = [(link(alarm), str(len(alarm.members)), alarm.described["meaning"]) for alarm in known if alarm.members]
    single = [
        (link(alarm), alarm.described["severity"], alarm.described["meaning"], alarm.described["impact"])
        for alarm in known
        if not alarm.members
    ]
    return page(
        INTRODUCTION,
        table(("composite alarm", "alarms", "what happened"), composite),
        table(("alarm", "severity", "what happened", "impact"), single),
    )


def link(alarm: runbooks.Alarm) -> str:
    """An alarm's name, which leads to its page."""
    return f"[{code(alarm.name)}](runbooks/{alarm.name}.md)"
