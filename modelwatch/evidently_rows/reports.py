"""Evidently's full report of a window against the baseline, as one page that is safe to open.

The page that comes from the child knows aliases only. It is sent on as it is, with a heading of ours and a script that
puts the names where the aliases stand. The script changes the data of text nodes, which no browser reads as markup,
whatever the names are; and they come to it as JSON without a ``<``, so that they cannot end the element they are in. A
content security policy keeps the page from asking anything of anybody.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelwatch.evidently_rows.aliasing import MAX_CATEGORIES, aliased
from modelwatch.evidently_rows.process import Failure, Limits, run
from modelwatch.row_samples import RowSample

_ALIAS = re.compile(r"\b[fc][0-9]+\b")
_LONGEST_NAME = 200
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
# What was renamed is remembered, for a name may read like an alias.
_RENAMING = """
(() => {
  const names = new Map(JSON.parse(document.getElementById("modelwatch-names").textContent));
  const written = new WeakMap();
  const rename = (text) => {
    const around = text.parentElement;
    if (!around || around.closest("script, style, [data-modelwatch]") || written.get(text) === text.data) return;
    const named = text.data.replace(/\\b[fc][0-9]+\\b/g, (alias) => names.get(alias) ?? alias);
    if (named === text.data) return;
    written.set(text, named);
    text.data = named;
  };
  const renameAll = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return rename(node);
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) rename(texts.currentNode);
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") rename(change.target);
      for (const node of change.addedNodes) renameAll(node);
    }
  }).observe(document, {subtree: true, childList: true, characterData: true});
})();
"""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of HTML that needs nothing else. ``left_out`` are fields without any value on one side."""

    html: str
    left_out: tuple[str, ...]


def report_page(
    baseline: RowSample,
    current: RowSample,
    title: str,
    facts: Sequence[tuple[str, str]],
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> ReportPage | Failure:
    """Evidently's data drift and data summary of two samples, under a heading of ``title`` and ``facts``.

    Fields keep their 50 most frequent categories; the rest are shown as one.
    """
    shown = [name for name in baseline.kinds if baseline.n_present(name) and current.n_present(name)]
    left_out = tuple(name for name in baseline.kinds if name not in shown)
    if not shown:
        return Failure("no field has a value on both sides")
    rows = aliased(baseline.of_fields(shown), current.of_fields(shown), MAX_CATEGORIES)
    answer = run({"what": "report"}, rows, limits)
    if isinstance(answer, Failure):
        return answer
    page = answer.page or ""
    if page.count("<head>") < 1 or page.count("<body>") < 1:
        return Failure("Evidently's page is not of the form that is known")
    if left_out:
        facts = [*facts, ("Left out, without a value on one side", ", ".join(left_out))]
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    page = page.replace("<head>", f"<head>{policy}<title>{html.escape(title)}</title>", 1)
    return ReportPage(page.replace("<body>", f"<body>{_heading(title, facts)}{_names(page, rows.texts)}", 1), left_out)


def _heading(title: str, facts: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<dt>{html.escape(what)}</dt><dd>{html.escape(text)}</dd>" for what, text in facts)
    return (
        '<header data-modelwatch style="font-family: sans-serif; margin: 1.5em 2em">'
        f"<h1>{html.escape(title)}</h1><dl>{lines}</dl></header>"
    )


def _names(page: str, texts: Mapping[str, str]) -> str:
    """The names of the aliases that the page shows, and the script that puts them there."""
    used = sorted(set(_ALIAS.findall(page)) & texts.keys())
    pairs = [(alias, _shortened(texts[alias])) for alias in used]
    data = json.dumps(pairs).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="modelwatch-names">{data}</script><script>{_RENAMING}</script>'


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
