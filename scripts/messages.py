"""Bring the translations up to the words of the package: ``python scripts/messages.py``.

Each ``django.po`` gets an empty entry for each new text, sets aside those that are not used, and is
compiled to ``django.mo``. What is missing is printed, and the exit code is then 1. With ``--check``
nothing is written. GNU gettext is not needed: Django parses templates, and Python modules.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
import polib
from django.conf import settings
from django.template import Context, Engine
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

SOURCE = Path(__file__).resolve().parent.parent / "src"
PACKAGE = SOURCE / "dashboards"
PLACEHOLDER = re.compile(r"(?:%\(|{)(\w+)[)}]")
# The names that modules call, with the positions of context, text and plural.
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}


class Message(NamedTuple):
    """A text to translate."""

    context: str | None
    text: str
    plural: str


def read_module(path: Path) -> Iterator[Message]:
    """Yield the texts of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        places = CALLS.get(node.func.id)
        if places is None:
            continue
        texts = [
            "" if at is None else ast.literal_eval(node.args[at]) if at < len(node.args) else ""
            for at in places
        ]
        if not texts[1]:
            sys.exit(f"{path}:{node.lineno}: {ast.unparse(node)} names no text.")
        yield Message(texts[0] or None, texts[1], texts[2])


def read_template(path: Path, engine: Engine) -> Iterator[Message]:
    """Yield the texts of a template."""
    template = engine.from_string(path.read_text(encoding="utf-8"))
    for node in template.nodelist.get_nodes_by_type(TranslateNode):
        context = node.message_context
        found = context.resolve(Context()) if context else None
        # As the tag looks it up: for gettext a percent sign is doubled.
        yield Message(found, node.filter_expression.var.literal.replace("%", "%%"), "")
    for block in template.nodelist.get_nodes_by_type(BlockTranslateNode):
        context = block.message_context
        found = context.resolve(Context()) if context else None
        plural = block.render_token_list(block.plural)[0] if block.plural else ""
        yield Message(found, block.render_token_list(block.singular)[0], plural)


def find_messages() -> dict[Message, set[str]]:
    """Return all texts, and the files that have them."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django_htmx", "dashboards"],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
    )
    django.setup()
    engine = Engine.get_default()
    found: dict[Message, set[str]] = {}
    for path in sorted((*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html"))):
        read = read_module(path) if path.suffix == ".py" else read_template(path, engine)
        for message in read:
            found.setdefault(message, set()).add(path.relative_to(PACKAGE).as_posix())
    return found


def get_texts(entry: polib.POEntry) -> list[str]:
    """Return the translation of an entry: one text, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def find_faults(entry: polib.POEntry, forms: int) -> Iterator[str]:
    """Yield what is wrong with an entry."""
    texts = get_texts(entry)
    if not all(texts) or len(texts) != (forms if entry.msgid_plural else 1):
        yield "is not translated"
    elif entry.fuzzy:
        yield "is marked as fuzzy"
    else:
        named = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
        for text in texts:
            others = named ^ set(PLACEHOLDER.findall(text))
            # A language may have a word for one and for two.
            if others - ({"count", "counter"} if entry.msgid_plural else set()):
                yield f"has other placeholders: {text!r}"


def update(file: polib.POFile, messages: dict[Message, set[str]]) -> None:
    """Give a file an entry for each text, in their order. Others are set aside: "#~"."""
    known = {(each.msgctxt, each.msgid): each for each in file}
    forms = range(count_forms(file))
    file[:] = []
    for message in sorted(messages, key=lambda each: (each.text.casefold(), each.context or "")):
        entry = known.get((message.context, message.text)) or polib.POEntry(
            msgctxt=message.context, msgid=message.text
        )
        entry.obsolete = False
        entry.occurrences = [(name, "") for name in sorted(messages[message])]
        if message.plural and not entry.msgid_plural:
            entry.msgstr_plural = dict.fromkeys(forms, "")
        entry.msgid_plural = message.plural
        file.append(entry)
    used = {(each.context, each.text) for each in messages}
    for key, entry in known.items():
        if key not in used and all(get_texts(entry)):
            entry.obsolete = True
            file.append(entry)
    file.save(newline="\n")


def count_forms(file: polib.POFile) -> int:
    """Return the number of plural forms of the file's language."""
    return int(re.search(r"nplurals=(\d)", file.metadata["Plural-Forms"])[1])  # type: ignore[index]


def main() -> int:
    """Update and check all translations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    messages = find_messages()
    is_complete = True
    for path in sorted(PACKAGE.glob("locale/*/LC_MESSAGES/django.po")):
        file = polib.pofile(str(path), wrapwidth=100)
        if not is_check:
            update(file, messages)
            file.save_as_mofile(str(path.with_suffix(".mo")))
        name = path.parts[-3]
        faults = [
            f"{name}: {entry.msgid!r} {fault}"
            for entry in file
            if not entry.obsolete
            for fault in find_faults(entry, count_forms(file))
        ]
        known = {
            Message(each.msgctxt, each.msgid, each.msgid_plural)
            for each in file
            if not each.obsolete
        }
        faults += [f"{name}: {each.text!r} has no entry" for each in messages.keys() - known]
        faults += [f"{name}: {each.text!r} is used no more" for each in known - messages.keys()]
        compiled = path.with_suffix(".mo")
        if is_check and not (compiled.exists() and compiled.read_bytes() == file.to_binary()):
            faults.append(f"{name}: django.mo is older than django.po")
        sys.stdout.writelines(f"{each}\n" for each in sorted(faults))
        is_complete &= not faults
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
