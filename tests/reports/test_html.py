"""
The HTML page as a reader sees it in a browser: what it says, that it works by keyboard, and that it loads nothing.

The browser is driven through its own command line: the page is opened, a probe is appended to a copy of it where
behaviour is asked for, and the document that results is read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import html
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import samples
from rtkcontract.engine.run_file import NumericField, Run
from rtkcontract.model import Finding, Unanswered
from rtkcontract.reports import html as html_page
from rtkcontract.reports import summary

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"no browser to open the page with: {', '.join(BROWSERS)}")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=3000",
)


@pytest.fixture
def clean(tmp_path: Path) -> Run:
    return samples.saved(tmp_path / "clean.jsonl", samples.results())


@pytest.fixture
def broken(tmp_path: Path) -> Run:
    return samples.saved(tmp_path / "broken.jsonl", samples.results(samples.takes_59))


@pytest.fixture
def big(tmp_path: Path) -> Run:
    found = samples.results(samples.accepts_two_in_five, samples.many_cases(500))
    return samples.saved(tmp_path / "big.jsonl", found, samples.header(planned=500))


def browse(address: str, profile: Path, *flags: str) -> str:
    """
    The document after the browser has opened an address in a new profile.
    """
    assert BROWSER is not None
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    text = done.stdout.decode()
    assert "</html>" in text
    return text


@contextlib.contextmanager
def served(content: bytes) -> Iterator[tuple[str, list[str]]]:
    """
    A loopback server that answers every path with the content, and the list of the paths asked for.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/report.html", asked
        finally:
            server.shutdown()
            thread.join(10)


def probed(run: Run, script: str, tmp_path: Path, *flags: str) -> Any:
    """
    What an expression gives in the opened page, as JSON. The copy that is opened has no content security policy.
    """
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", html_page.html(run))
    probe = f"""<script>
      window.addEventListener("load", () => {{
        const found = (() => {{ {script} }})();
        const out = document.createElement("pre");
        out.id = "probe";
        out.textContent = JSON.stringify(found);
        document.body.append(out);
      }});
    </script>"""
    assert "Content-Security-Policy" not in text
    file = tmp_path / "probed.html"
    file.write_text(text.replace("</body>", probe + "</body>"))
    found = re.search(r'<pre id="probe">(.*?)</pre>', browse(file.as_uri(), tmp_path / "profile", *flags), re.S)
    assert found
    return json.loads(html.unescape(found[1]))


class Outline(HTMLParser):
    """
    The tags, attributes and text of a page, scripts and styles left out.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split()).replace(" ,", ",").replace(" .", ".")


@needs_browser
def test_nothing_but_the_page_is_fetched(broken: Run, tmp_path: Path) -> None:
    """One request for the page; no icon, no font, no script, and the security policy lets its own script run."""
    with served(html_page.html(broken).encode()) as (address, asked):
        text = browse(address, tmp_path / "profile")

    assert ["/report.html"] == asked
    assert 'tabindex="-1"' in text  # set by the script, so it ran


@needs_browser
def test_the_security_policy_stops_everything_else(broken: Run, tmp_path: Path) -> None:
    """An image, a frame, a style sheet and a script that someone smuggled in are not loaded and not run."""
    smuggled = (
        '<img src="/a.png"><iframe src="/b"></iframe><link rel="stylesheet" href="/c.css"><script src="/d.js"></script>'
        "<script>document.title = 'smuggled'; fetch('/e')</script>"
    )
    with served(html_page.html(broken).replace("</main>", smuggled + "</main>").encode()) as (address, asked):
        text = browse(address, tmp_path / "profile")

    assert ["/report.html"] == asked
    assert "<title>smuggled" not in text


@needs_browser
def test_a_clean_run_reads_as_clean(clean: Run, tmp_path: Path) -> None:
    """Verdict, who was judged, counts, no finding."""
    (tmp_path / "r.html").write_text(html_page.html(clean))
    text = Outline(browse((tmp_path / "r.html").as_uri(), tmp_path / "profile")).text

    assert "create_meeting keeps its contract" in text
    assert "19 cases, 0 findings, 0 warnings" in text
    assert "Judged: the emulator, not the vendor." in text
    assert "None. Every answer kept what the documents promise" in text
    assert "Every planned case was sent and got a verdict." in text


@needs_browser
def test_a_finding_reads_as_a_finding(broken: Run, tmp_path: Path) -> None:
    """Sent, expected, got, source, command, request and answer."""
    (tmp_path / "r.html").write_text(html_page.html(broken))
    text = Outline(browse((tmp_path / "r.html").as_uri(), tmp_path / "profile")).text

    assert "create_meeting breaks its contract in 1 way" in text
    assert f"{samples.KEEP_ALIVE} 59, 59.999: accepted with 201, must be refused (minimum)" in text
    for part in (
        f"sent {samples.KEEP_ALIVE} = 59 expected a 4xx: {samples.KEEP_ALIVE}: minimum 60 got 201 in 3.0 ms",
        "RealtimeKit FAQ on the keep-alive (faq), dated 2026-09-11, read 2026-11-22",
        f"rtkcontract send create_meeting/{samples.KEEP_ALIVE}/below-minimum --target emulator",
        "POST /accounts/{account_id}/realtime/kit/{app_id}/meetings authorization: Bearer [removed]",
        '"success": true',
    ):
        assert part in text


@needs_browser
def test_two_hundred_findings_are_small_and_can_be_filtered(big: Run, tmp_path: Path) -> None:
    """Under 1 MB; three groups open; the filter shows what matches and how many."""
    found = probed(
        big,
        """const groups = [...document.querySelectorAll("#findings details.group")];
           const open = groups.filter((each) => each.open).length;
           const input = document.getElementById("seek");
           const hidden = input.closest(".tools").hidden;
           input.value = "member_00";
           input.dispatchEvent(new Event("input"));
           const shown = groups.filter((each) => !each.hidden).length;
           document.querySelector("button[data-opens]").click();
           return [groups.length, open, hidden, shown, document.getElementById("seek-count").textContent,
                   groups.filter((each) => each.open).length]""",
        tmp_path,
    )

    assert len(html_page.html(big).encode()) < 1_000_000
    assert [200, 3, False, 4, "4 of 200", 200] == found


@needs_browser
def test_a_mark_tells_its_case_by_pointer_and_by_arrow_key(broken: Run, tmp_path: Path) -> None:
    """Hover, click and arrow keys fill the panel; only one mark is in the tab order."""
    found = probed(
        broken,
        """const marks = [...document.querySelectorAll("button.k")];
           const panel = document.getElementById("panel");
           const stops = () => marks.filter((each) => each.tabIndex === 0).length;
           const mark = marks.find((each) => each.getAttribute("aria-label").startsWith("minimum below-minimum:"));
           const first = [stops()];
           mark.dispatchEvent(new MouseEvent("mouseenter"));
           const hovered = panel.textContent;
           mark.click();
           marks[0].dispatchEvent(new MouseEvent("mouseenter"));
           const pinned = panel.textContent === hovered;
           mark.focus();
           mark.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", cancelable: true}));
           const next = document.activeElement === marks[marks.indexOf(mark) + 1];
           document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", cancelable: true}));
           const lower = document.activeElement.getBoundingClientRect().top > mark.getBoundingClientRect().top;
           return {hovered, pinned, next, lower, stops: stops(), live: panel.getAttribute("aria-live")}""",
        tmp_path,
    )

    assert found["hovered"].startswith(
        f"create_meeting/{samples.KEEP_ALIVE}/below-minimum: finding: a promise is broken"
        f"expected rejected: {samples.KEEP_ALIVE}: minimum 60sent {samples.KEEP_ALIVE} = 59got 201 in 3.0 ms"
    )
    assert (True, True, True, "polite") == (found["pinned"], found["next"], found["lower"], found["live"])


@needs_browser
@pytest.mark.parametrize("make", [samples.takes_59, samples.forgets_ids])
def test_a_narrow_phone_needs_no_sideways_scrolling(make: samples.Change, tmp_path: Path) -> None:
    """At 390 pixels only the marked regions scroll; the page does not."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(make))
    frame = tmp_path / "frame.html"
    (tmp_path / "inner.html").write_text(
        re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", html_page.html(run)).replace(
            "</body>",
            "<script>addEventListener('load', () => parent.postMessage([innerWidth, "
            "document.documentElement.scrollWidth], '*'))</script></body>",
        )
    )
    frame.write_text(
        '<!doctype html><iframe src="inner.html" width="390" height="800"></iframe><script>addEventListener("message",'
        '(e) => { const p = document.createElement("p"); p.id = "w"; p.textContent = e.data.join(" ");'
        "document.body.append(p) })</script></html>"
    )
    found = re.search(r'<p id="w">(\d+) (\d+)</p>', browse(frame.as_uri(), tmp_path / "profile"))

    assert found
    assert ("390", "390") == (found[1], found[2])


@needs_browser
def test_dark_and_light_have_readable_contrast(broken: Run, tmp_path: Path) -> None:
    """Text and every sign stand out from the paper by 4.5 to 1 or more in both schemes."""
    script = """
      const paper = getComputedStyle(document.body).backgroundColor;
      const light = (text) => {
        const [r, g, b] = text.match(/[0-9.]+/g).slice(0, 3).map((each) => {
          const part = Number(each) / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (one, two) => {
        const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
        return (high + 0.05) / (low + 0.05);
      };
      const found = {};
      const signs = ["accepted", "refused", "open", "finding", "warning"].map((each) => ".sign." + each);
      for (const choice of ["body", ".soft", ...signs]) {
        found[choice] = ratio(getComputedStyle(document.querySelector(choice)).color, paper);
      }
      return [light(paper), found]
    """
    lights = []
    for scheme in ("1", "0"):
        paper, found = probed(broken, script, tmp_path, f"--blink-settings=preferredColorScheme={scheme}")
        lights.append(paper)
        assert len(found) == 7
        assert {} == {name: ratio for name, ratio in found.items() if ratio < 4.5}

    assert lights[0] > 0.8
    assert lights[1] < 0.1


@needs_browser
def test_the_page_can_be_seen(broken: Run, tmp_path: Path) -> None:
    """A picture of the page is no empty sheet."""
    (tmp_path / "r.html").write_text(html_page.html(broken))
    picture = tmp_path / "r.png"
    browse((tmp_path / "r.html").as_uri(), tmp_path / "profile", f"--screenshot={picture}", "--window-size=1100,1500")

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


def test_the_page_has_landmarks_headings_and_names(broken: Run) -> None:
    """One h1, headings in order, one main; sections, regions and images have names, table headers a scope."""
    tags = Outline(html_page.html(broken)).tags
    names = [tag for tag, _ in tags]
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    identities = [each["id"] for _, each in tags if "id" in each]

    assert 1 == names.count("h1") == names.count("main") == names.count("header") == names.count("footer")
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(identities) == len(set(identities))
    assert ("html", {"lang": "en"}) in tags
    for tag, each in tags:
        if tag in ("section", "nav", "svg"):
            assert each.get("aria-label") or each.get("aria-labelledby") in identities
        if tag == "th":
            assert "scope" in each
        if tag == "button":
            assert each["type"] == "button"
        if tag == "a":
            assert each["href"][1:] in identities
        if "tabindex" in each and tag == "div":
            assert {"role", "aria-label"} <= set(each)
        assert "style" not in each
        assert not [name for name in each if name.startswith("on")]


def test_colour_is_never_the_only_sign() -> None:
    """Each outcome has a sign of its own."""
    signs = [sign for sign, _ in html_page.MARKS.values()]

    assert len(signs) == len(set(signs)) == 8


def test_what_comes_from_outside_is_text(tmp_path: Path) -> None:
    """Markup in ids, bodies, findings, sources and the plan's name neither opens a tag nor closes the data block."""
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}\u2028"
    result = samples.results()[1]
    finding = Finding(check=evil, case_id=evil, where=f"/data/{evil}", expected=evil, observed=evil, cause=evil)
    case = dataclasses.replace(result.case, id=evil, partition=evil, field=evil, keyword=evil)
    marked = dataclasses.replace(result, case=case, status="fail", findings=(finding,))
    account = {"constraints": [{"field": evil, "keyword": evil, "partition": evil, "case": None}], "impossible": [evil]}
    run = samples.saved(tmp_path / "r.jsonl", [marked], samples.header(plan=evil), account=account)
    tags = Outline(html_page.html(run)).tags

    assert 2 == [tag for tag, _ in tags].count("script")
    assert "img" not in [tag for tag, _ in tags]
    assert "49" not in Outline(html_page.html(run)).text


def test_the_number_line_shows_the_keep_alive_first(clean: Run) -> None:
    """Values in order, two ways to write sixty above each other, the range 60 to 600, what is no number beside."""
    line = html_page.number_line(clean, clean.header.fields[0])

    assert line
    assert samples.KEEP_ALIVE == line.field
    assert ["59", "59.999", "60", "60.0", "60.5", "61", "330", "599", "600", "601", "1e308"] == [
        p.text for p in line.points
    ]
    outcomes = {point.text: point.outcome for point in line.points}
    assert {"59", "59.999", "601", "1e308"} == {text for text, outcome in outcomes.items() if outcome == "refused"}
    assert "open" == outcomes["60.5"]
    assert sorted(point.x for point in line.points) == [point.x for point in line.points]
    sixty = [point for point in line.points if point.text in ("60", "60.0")]
    assert sixty[0].x == sixty[1].x == line.low
    assert sixty[0].y > sixty[1].y
    assert [point.x for point in line.points if point.text == "600"] == [line.high]
    assert [('"60"', "refused")] == [(text, outcome) for text, outcome, _ in line.others]


def test_a_finding_elsewhere_is_not_held_against_a_number(tmp_path: Path) -> None:
    """An answer without an id still accepted 330."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(samples.forgets_ids))
    line = html_page.number_line(run, run.header.fields[0])

    assert line
    assert "accepted" == next(point.outcome for point in line.points if point.text == "330")


def test_a_number_that_no_case_sent_has_no_line(clean: Run) -> None:
    """Only what was tried is drawn; a number without bounds, or with one, is drawn, too."""
    assert html_page.number_line(clean, NumericField(field="nowhere", type="number")) is None
    for bounds in ({}, {"minimum": 60}, {"maximum": 600}, {"minimum": 60, "exclusive": ("minimum",)}):
        line = html_page.number_line(clean, NumericField(field=samples.KEEP_ALIVE, type="integer", **bounds))  # type: ignore[arg-type]

        assert line
        assert ("minimum" in bounds, "maximum" in bounds) == (line.low is not None, line.high is not None)


def test_the_account_fills_the_map(tmp_path: Path) -> None:
    """What a combination exercised is a mark of its field; what nothing exercised is told as such."""
    account = {
        "constraints": [
            {
                "field": "record_on_start",
                "keyword": "type",
                "partition": "true",
                "case": "create_meeting/body/combination",
            },
            {"field": "record_on_start", "keyword": "type", "partition": "false", "case": None},
            {"field": "", "keyword": "type"},
            "of another shape",
        ]
    }
    run = samples.saved(tmp_path / "r.jsonl", samples.results(), account=account)
    labels = [
        each["aria-label"]
        for tag, each in Outline(html_page.html(run)).tags
        if tag == "button" and "aria-label" in each
    ]

    assert "type true: 201 in 18 ms, accepted, as promised" in labels
    assert "type false: not exercised" in labels


def test_a_replay_tells_whose_recordings_and_how_old(tmp_path: Path) -> None:
    """Age in days at the start of the run; no latency."""
    replayed = [
        dataclasses.replace(each, observation=dataclasses.replace(each.observation, elapsed_s=None))
        for each in samples.results()
    ]  # type: ignore[call-arg]
    head = samples.header(observed="recording")
    run = samples.saved(tmp_path / "r.jsonl", replayed, head, recorded=("2026-10-23T18:00:00Z", "vendor"))
    text = Outline(html_page.html(run)).text

    assert "Judged: recordings of the vendor, 30 days old." in text
    assert "Not measured: the answers were replayed." in text


@pytest.mark.parametrize(
    ("observed", "told"), [("vendor", "Judged: the vendor at"), ("server", "Judged: a server that is")]
)
def test_a_live_run_names_its_target(tmp_path: Path, observed: str, told: str) -> None:
    """The vendor, or a server that is not known to be the vendor's."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(), samples.header(observed=observed))

    assert told in Outline(html_page.html(run)).text


def test_unfinished_and_unanswered_runs_say_so(tmp_path: Path) -> None:
    """What could not be told is told, with its reason."""
    found = [samples.judged(each, Unanswered(reason="connection refused")) for each in samples.CASES[:3]]
    part = samples.saved(tmp_path / "part.jsonl", found, finished=False)
    text = Outline(html_page.html(part)).text

    assert "was judged only in part, the run was not finished" in text
    assert "not finished" in text
    assert "16 planned cases not sent: the run was not finished" in text
    assert "3 cases without a verdict: connection refused" in text
    assert "Not measured: no answer came." in text


def test_a_finding_without_an_answer_is_shown(tmp_path: Path) -> None:
    """A recording that is missing a promised part may have no answer at all; a number too large is no number."""
    large = samples.case(
        "session_keep_alive_time_in_secs", "too-large", "type", '{"session_keep_alive_time_in_secs": 1}'
    )
    large = dataclasses.replace(large, content=b'{"session_keep_alive_time_in_secs": 1e999}')
    finding = Finding(check="gone", case_id=large.id, where="", expected="an answer", observed="none")
    result = dataclasses.replace(
        samples.judged(large, Unanswered(reason="no recording")), status="fail", findings=(finding,)
    )
    run = samples.saved(tmp_path / "r.jsonl", [result, *samples.results()])
    line = html_page.number_line(run, run.header.fields[0])

    assert "Answer no answer: no recording" in Outline(html_page.html(run)).text
    assert line
    assert "1e999" in [text for text, _, _ in line.others]


def test_what_is_new_since_an_earlier_run_is_marked(clean: Run, broken: Run) -> None:
    """New findings carry the word; what is gone is named."""
    assert '<span class="new">new</span>' in html_page.html(broken, clean)
    assert '<span class="new">' not in html_page.html(broken, broken)
    assert "Gone since 2026-11-22 18:41 UTC: create_meeting/" in Outline(html_page.html(clean, broken)).text


def test_the_top_tells_what_broke_since_when_and_what_to_do(clean: Run, broken: Run) -> None:
    """Before anything else; one run alone says how to find out since when."""
    alone, since = (Outline(html_page.html(broken, earlier)).text for earlier in (None, clean))

    assert "What broke session_keep_alive_time_in_secs 59, 59.999: accepted with 201, must be refused" in alone
    assert "Since when unknown from a single run; compare two" in alone
    assert "What to do The emulator answers from the same documents" in alone
    assert "Since when 1 of 1 way new since 2026-11-22 18:41 UTC" in since
    assert "since kept on 2026-11-22 18:41 UTC" in since
    assert since.index("What to do") < since.index("Operation")
    assert "What broke" not in Outline(html_page.html(clean)).text


def test_a_run_that_is_wrong_in_every_way_stays_small(tmp_path: Path) -> None:
    """539 cases with ten findings each, all of different causes: under 1 MB, and what is left out is counted."""
    found = [
        dataclasses.replace(
            each,
            status="fail",
            findings=tuple(
                Finding(
                    check="echo",
                    case_id=each.case.id,
                    where=f"/data/m{place}_{number}",
                    expected="x" * 80,
                    observed="y" * 80,
                    sources=("oas", "seed"),
                )
                for number in range(10)
            ),
        )
        for place, each in enumerate(samples.results(samples.accepts_two_in_five, samples.many_cases(539)))
    ]
    run = samples.saved(tmp_path / "r.jsonl", found, samples.header(planned=539))
    text = html_page.html(run)

    assert len(text.encode()) < 1_000_000
    assert "5,190 further ways, in full in the saved run" in Outline(text).text


def test_landmarks_have_names_of_their_own(broken: Run) -> None:
    """Who jumps from landmark to landmark hears each name once."""
    outline = Outline(html_page.html(broken))
    named = [each["aria-label"] for _, each in outline.tags if each.get("role") == "region"]
    named += [each["aria-labelledby"] for tag, each in outline.tags if tag == "section"]
    headings = re.findall(r'<h2 id="[a-z]+-h">([^<]+)</h2>', html_page.html(broken))

    assert len(named) == len(set(named))
    assert set() == set(named) & set(headings)


def test_a_very_large_run_stays_readable(tmp_path: Path) -> None:
    """Two thousand cases: rows and marks are cut, and the rest is counted."""
    run = samples.saved(
        tmp_path / "r.jsonl", samples.results(cases=samples.many_cases(2_000)), samples.header(planned=2_000)
    )
    cases = tuple(
        dataclasses.replace(
            entry,
            result=dataclasses.replace(
                entry.result, case=dataclasses.replace(entry.result.case, field="", side="valid")
            ),
        )
        for entry in run.entries
    )
    text = html_page.html(dataclasses.replace(run, entries=cases))

    assert "And 500 more, in the saved run." in Outline(text).text
    assert "and 1600 more" in Outline(text).text
    assert len(text.encode()) < 2_000_000


def test_percentiles_of_one_answer(tmp_path: Path) -> None:
    """One answer has a latency, too."""
    found = summary.latency(samples.saved(tmp_path / "r.jsonl", samples.results()[:1], finished=False))

    assert found
    assert (1, 0.002, 0.002) == (found.count, found.p50, found.most)
