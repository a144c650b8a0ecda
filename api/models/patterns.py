"""What a text must look like, as a regular expression for machines and in words for whoever gets an error."""

_DATE_TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
# What Python, Rust or ECMAScript, the dialect of JSON Schema, takes for white space: no two agree on `\s`.
SPACE = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_IN_EMAIL = rf"[^@\u0000-\u001f\u007f{SPACE}]+"
_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_IN_PATH = "A-Za-z0-9._~!$&'()*+,;=:@%/"

DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
EMAIL = rf"^{_IN_EMAIL}@{_IN_EMAIL}\.{_IN_EMAIL}$"
# RFC 9110, sections 5.6.3 and 8.8.3: `*` or a list of entity tags, with optional white space
ENTITY_TAGS = rf"^[ \t]*(?:\*|{_ENTITY_TAG}[ \t]*(?:,[ \t]*{_ENTITY_TAG}[ \t]*)*)[ \t]*$"
LOCAL_TIME = rf"^{_DATE_TIME}(\.[0-9]{{6}})?$"
MOMENT = rf"^{_DATE_TIME}\.[0-9]{{6}}Z$"
SIGNATURE = r"^[0-9]{20}\.[A-Za-z0-9_-]{22}$"
TASK_ID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
# A host by name or by IPv4 address, no user information, no fragment. Plain HTTP passes here; the service refuses it
# where the environment does not allow it.
WEBHOOK_URL = rf"^https?://{_LABEL}(\.{_LABEL}){{0,8}}(:({_PORT}))?(/[{_IN_PATH}-]*)?(\?[{_IN_PATH}?-]*)?$"

IN_WORDS = {
    DATE: "must be a date as YYYY-MM-DD",
    EMAIL: "must be an e-mail address as name@example.com",
    ENTITY_TAGS: 'must be * or entity tags in double quotes with commas between them, as "3", "4"',
    LOCAL_TIME: "must be a date and a time without a zone, as 2026-11-29T12:00:00",
    MOMENT: "must be a time in UTC with microseconds, as 2026-11-29T12:00:00.000000Z",
    SIGNATURE: "must be the signature of the line in the export, unchanged",
    TASK_ID: "must be an id of 26 characters, digits and capital letters, as this API gives them",
    WEBHOOK_URL: "must be an address as https://example.com/hooks: a host in lower case, no user name, no fragment",
}
