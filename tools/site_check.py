#!/usr/bin/env python3
"""Opens every page of a site in Chromium, narrow and wide, light and dark, and says what is wrong with it.

    python3 tools/site_check.py FOLDER [--screenshots FOLDER] [--chromium PROGRAM] [--pages NAME ...]

One line a problem, and exit code 1 if there is any. What is checked:

- the text of each page: language, title, description, viewport; one h1 and no heading level left out; captions and scopes of
  tables; names of controls; every id once; every link and anchor leads somewhere; nothing is loaded from elsewhere; the size;
- in the browser, at 390 and 1400 pixels, with light and with dark colours: the colour scheme is really the one asked for, no
  error on the console, no request but to the local server, no scrolling sideways, contrast of at least 4.5 to 1, text in
  figures of at least 11 pixels at 390;
- the filters of the ledger: without the script by their rules alone, and the search that the script adds.

Only the standard library and Chromium are needed.
"""

import argparse
import functools
import html
import html.parser
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

NARROW, WIDE = 390, 1400
MOST_BYTES = 400_000
LEAST_CONTRAST = 4.5
LEAST_FONT = 11.0
LONGEST_SCREENSHOT = 6000
HARNESS = "/--harness--"
LOADING = {"img", "script", "iframe", "source", "video", "audio", "embed", "track", "input"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Text(html.parser.HTMLParser):
    """What the text of one page says about itself."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.ids, self.links, self.loads, self.problems, self.headings, self.open = [], [], [], [], [], []
        self.lang = self.title = self.description = self.viewport = ""
        self.labelled, self.inputs, self.captions, self.style = set(), [], 0, ""

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "html":
            self.lang = known.get("lang", "")
        if tag == "meta" and known.get("name") == "description":
            self.description = known.get("content", "")
        if tag == "meta" and known.get("name") == "viewport":
            self.viewport = known.get("content", "")
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag == "link":
            self.loads.append(known.get("href", ""))
        if tag in LOADING and "src" in known:
            self.loads.append(known["src"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.captions += 1
        if tag == "caption":
            self.captions -= 1
        if tag == "th" and known.get("scope") not in {"col", "row", "colgroup", "rowgroup"}:
            self.problems.append("a head of a table has no scope")
        if tag == "label":
            self.labelled.add(known.get("for"))
        if tag == "input":
            self.inputs.append(known.get("id"))
            if known.get("type") == "search":
                self.problems.append("a search field stands there without the script that serves it")
        for name in known:
            if name.startswith("on"):
                self.problems.append(f"a handler {name} stands in the markup")
        if "svg" not in self.open and tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag == "svg" or "svg" not in self.open:
            if tag not in VOID and (not self.open or self.open.pop() != tag):
                self.problems.append(f"</{tag}> closes what is not open")

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.title += data
        if self.open and self.open[-1] == "style":
            self.style += data


def check_texts(folder, names):
    """The problems that show in the text of the pages."""
    pages, problems = {}, []
    for path in sorted(folder.glob("*.html")):
        page = Text()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        pages[path.name] = page
    for name in names:
        page = pages[name]
        say = lambda what: problems.append(f"{name}: {what}")
        for what in sorted(set(page.problems)):
            say(what)
        if page.open:
            say(f"<{page.open[-1]}> is never closed")
        for what in ("lang", "title", "description", "viewport"):
            if not getattr(page, what).strip():
                say(f"there is no {what}")
        if page.headings.count(1) != 1 or page.headings[0] != 1:
            say("the first heading is not the only h1")
        for before, after in zip(page.headings, page.headings[1:]):
            if after > before + 1:
                say(f"an h{after} follows an h{before}")
        if page.captions:
            say("a table has no caption")
        for control in page.inputs:
            if control not in page.labelled:
                say(f"the control {control} has no label")
        for twice in sorted({one for one in page.ids if page.ids.count(one) > 1}):
            say(f"the id {twice} stands twice")
        for link in page.links:
            check_link(folder, pages, name, link, say)
        for load in page.loads:
            if not load.startswith("data:"):
                say(f"{load} is loaded")
        if re.search(r"@import|url\((?!['\"]?data:)", page.style):
            say("the stylesheet loads something")
        size = (folder / name).stat().st_size
        if size > MOST_BYTES:
            say(f"{size} bytes, more than {MOST_BYTES}")
    return problems


def check_link(folder, pages, name, link, say):
    parts = urllib.parse.urlsplit(link)
    if parts.scheme in {"http", "https"}:
        return
    if parts.scheme or parts.netloc:
        say(f"the link {link} leads to no page")
        return
    target = urllib.parse.unquote(parts.path) or name
    if not (folder / target).is_file():
        say(f"the link {link} leads to no page")
    elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
        say(f"the link {link} leads to no anchor")


# Measures each page in its frame, and tries the filters with and without the script.
MEASURE = r"""
const light = (c) => { const f = (v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
const rgba = (text) => { const n = (text.match(/[\d.]+/g) || []).map(Number); return n.length === 3 ? [...n, 1] : n; };
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
const name = (e) => e.tagName.toLowerCase() + (e.classList.length ? "." + [...e.classList].join(".") : "");
const ground = (view, e) => {
  const layers = [];
  for (; e; e = e.parentElement) {
    const colour = rgba(view.getComputedStyle(e).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const measure = (frame) => {
  const doc = frame.contentDocument, view = frame.contentWindow, found = { contrast: {}, wide: [], font: null };
  const width = frame.clientWidth;
  found.dark = view.matchMedia("(prefers-color-scheme: dark)").matches;
  found.ground = light(rgba(view.getComputedStyle(doc.body).backgroundColor));
  found.scroll = doc.scrollingElement.scrollWidth;
  found.height = doc.scrollingElement.scrollHeight;
  for (const e of doc.body.querySelectorAll("*")) {
    const rect = e.getBoundingClientRect();
    if (rect.right > width + 1 && rect.width > 0 && !e.closest(".scroll, pre") && !e.closest("svg")) found.wide.push(name(e));
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || rect.width === 0) continue;
    const style = view.getComputedStyle(e), figure = e.closest("svg");
    const behind = ground(view, figure ? figure.parentElement : e);
    const ink = rgba(figure ? style.fill : style.color);
    if (figure && e.tagName !== "text" && e.tagName !== "tspan") continue;
    if (["SCRIPT", "STYLE", "TITLE"].includes(e.tagName.toUpperCase())) continue;
    const contrast = ratio(over(ink, behind), behind);
    if (contrast < 4.5) found.contrast[name(e)] = Math.min(contrast, found.contrast[name(e)] || 99);
    if (figure) {
      const m = e.getScreenCTM();
      const size = parseFloat(style.fontSize) * Math.hypot(m.a, m.b);
      found.font = found.font === null ? size : Math.min(found.font, size);
    }
  }
  found.wide = [...new Set(found.wide)].slice(0, 5);
  return found;
};
const filters = (frame, scripted) => {
  const doc = frame.contentDocument, wrong = [];
  const visible = () => [...doc.querySelectorAll(".claim")].filter((e) => e.getClientRects().length > 0);
  const all = doc.querySelectorAll(".claim").length;
  const pick = (id) => { doc.getElementById(id).checked = true; };
  if (visible().length !== all) wrong.push("not every claim is visible at first");
  for (const choice of doc.querySelectorAll("[name=finding]")) {
    const word = choice.id.replace("finding-", "");
    for (const other of doc.querySelectorAll("[name=chapter]")) {
      const chapter = other.id.replace("chapter-", "");
      pick(choice.id); pick(other.id);
      const wanted = [...doc.querySelectorAll(".claim")].filter((e) => (word === "all" || e.classList.contains("is-" + word)) &&
        (chapter === "all" || e.closest(".chapter").dataset.chapter === chapter));
      const heads = [...doc.querySelectorAll(".chapter")].filter((e) => e.getClientRects().length > 0);
      if (visible().length !== wanted.length) wrong.push(`${word}, chapter ${chapter}: ${visible().length} claims, not ${wanted.length}`);
      if (word !== "all" && heads.some((e) => !e.querySelector(".is-" + word))) wrong.push(`${word}: an empty chapter`);
    }
  }
  pick("finding-all"); pick("chapter-all");
  const field = doc.querySelector("input[type=search]");
  if (!scripted) { if (field) wrong.push("a search field without a script"); return wrong; }
  if (!field) return [...wrong, "the script adds no search field"];
  const id = doc.querySelectorAll(".claim")[Math.floor(all / 2)].id;
  const type = (text) => { field.value = text; field.dispatchEvent(new frame.contentWindow.Event("input", { bubbles: true })); };
  type(id);
  if (!visible().some((e) => e.id === id) || visible().length > Math.max(3, all / 10)) wrong.push(`the search for ${id} shows ${visible().length} claims`);
  if (!doc.querySelector(".shown").textContent.includes(`${visible().length} of ${all}`)) wrong.push("the number of claims shown is wrong");
  type("no claim says this");
  if (visible().length) wrong.push("the search shows claims without the text");
  type("");
  if (visible().length !== all) wrong.push("an empty search hides claims");
  return wrong;
};
addEventListener("load", () => {
  const results = {};
  for (const frame of document.querySelectorAll("iframe[data-key]")) {
    try { results[frame.dataset.key] = measure(frame); } catch (error) { results[frame.dataset.key] = { failure: String(error) }; }
  }
  for (const frame of document.querySelectorAll("iframe[data-filters]")) {
    try { results["filters " + frame.dataset.filters] = filters(frame, frame.dataset.filters === "scripted"); }
    catch (error) { results["filters " + frame.dataset.filters] = [String(error)]; }
  }
  const out = document.createElement("pre");
  out.id = "results";
  out.textContent = JSON.stringify(results);
  document.body.append(out);
});
"""

HEAD = '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'


def measuring_page(names):
    frames = [
        f'<iframe src="{name}" data-key="{name} {width}" style="width:{width}px;height:900px;border:0"></iframe>'
        for name in names
        for width in (NARROW, WIDE)
    ]
    if "ledger.html" in names:
        for kind, source in (("scripted", "ledger.html"), ("plain", f"{HARNESS}/plain")):
            frames.append(f'<iframe src="{source}" data-filters="{kind}" style="width:1000px;height:900px"></iframe>')
    return f"{HEAD}<script>{MEASURE}</script>{''.join(frames)}"


def framing_page(name, width, height):
    return (
        f"{HEAD}<style>body{{margin:0;background:#888}}iframe{{display:block;border:0;width:{width}px;height:{height}px}}</style>"
        f'<iframe src="{name}" scrolling="no"></iframe>'
    )


class Server(http.server.SimpleHTTPRequestHandler):
    """The site, and the frames that it is looked at through."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if not url.path.startswith(HARNESS):
            self.server.asked.append(url.path)
            return super().do_GET()
        asked = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        if url.path.endswith("/plain"):
            text = (pathlib.Path(self.directory) / "ledger.html").read_text(encoding="utf-8")
            text = re.sub("<script>.*?</script>", "", text, flags=re.DOTALL)
        elif "name" in asked:
            text = framing_page(html.escape("/" + asked["name"]), int(asked["width"]), int(asked["height"]))
        else:
            text = measuring_page(self.server.names)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *_):
        pass


def chromium(program, scheme, log, arguments):
    """Runs Chromium once; what it wrote, and what its console and its log of requests hold."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-default-apps",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", f"--user-data-dir={profile}",
            "--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--force-device-scale-factor=1",
            "--blink-settings=preferredColorScheme=" + ("0" if scheme == "dark" else "1"), *arguments,
        ]  # fmt: skip
        if scheme == "dark":
            command.insert(1, "--force-dark-mode")
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    console = [line.split("CONSOLE", 1)[1] for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console, requests(log)


def requests(log):
    """Who asked for which address, of every request that a page made; the browser's own errands, all of which come to nothing
    because no name resolves, have no initiator."""
    try:
        events = json.loads(log.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return []
    started = events["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in events["events"] if event["type"] == started]
    return [one["url"] for one in asked if "url" in one and one.get("initiator", "not an origin") != "not an origin"]


def look(arguments, server, scheme, scratch):
    """Measures every page with one colour scheme; the problems, and the height of each page at each width."""
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    problems, heights = [], {}
    text, console, asked = chromium(
        arguments.chromium, scheme, scratch / f"{scheme}.json", ["--window-size=1500,1000", "--dump-dom", base[:-1] + HARNESS]
    )
    problems += [f"{scheme}: the console says{line}" for line in console]
    problems += [f"{scheme}: a request to {url}" for url in asked if not url.startswith((base, "data:"))]
    if not any(url.startswith(base) for url in asked):
        problems.append(f"{scheme}: the log of requests does not even hold the pages")
    found = re.search(r'<pre id="results">(.*?)</pre>', text, re.DOTALL)
    if not found:
        return [*problems, f"{scheme}: the pages could not be measured"], heights
    for key, one in json.loads(html.unescape(found[1])).items():
        if key.startswith("filters "):
            problems += [f"ledger.html, {key}, {scheme}: {what}" for what in one[:5]]
            continue
        name, width = key.rsplit(" ", 1)
        say = lambda what: problems.append(f"{name} at {width}, {scheme}: {what}")
        if "failure" in one:
            say(f"cannot be measured: {one['failure']}")
            continue
        heights[name, int(width)] = one["height"]
        if one["dark"] != (scheme == "dark") or (one["ground"] < 0.2) != (scheme == "dark"):
            say("the colours are not those of the scheme")
        if one["scroll"] > int(width):
            say(f"it scrolls sideways: {one['scroll']} wide; {', '.join(one['wide'])}")
        for what, contrast in one["contrast"].items():
            say(f"the contrast of {what} is {contrast:.2f}")
        if int(width) == NARROW and one["font"] is not None and one["font"] < LEAST_FONT:
            say(f"text in a figure is {one['font']:.1f} pixels high")
    return problems, heights


def photograph(arguments, server, scheme, heights, scratch):
    base = f"http://127.0.0.1:{server.server_address[1]}{HARNESS}"
    folder = arguments.screenshots
    folder.mkdir(parents=True, exist_ok=True)
    for (name, width), height in heights.items():
        height = min(max(height, 600), LONGEST_SCREENSHOT)
        picture = folder / f"{pathlib.Path(name).stem}-{width}-{scheme}.png"
        asked = urllib.parse.urlencode({"name": name, "width": width, "height": height})
        # A window cannot be narrower than 500; the frame in it can.
        size = f"--window-size={max(width, 500)},{height}"
        chromium(arguments.chromium, scheme, scratch / "picture.json", [size, f"--screenshot={picture}", f"{base}?{asked}"])
        if not picture.is_file():
            yield f"{name} at {width}, {scheme}: no picture was taken"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, help="a folder for a picture of each page")
    parser.add_argument("--chromium", default="chromium", help="the browser's program")
    parser.add_argument("--pages", nargs="*", help="these alone, such as index.html")
    arguments = parser.parse_args()
    names = arguments.pages or sorted(path.name for path in arguments.folder.glob("*.html"))
    if not names:
        print(f"{arguments.folder}: there is no page")
        return 1
    problems = check_texts(arguments.folder, names)
    handler = functools.partial(Server, directory=str(arguments.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, tempfile.TemporaryDirectory() as scratch:
        server.names, server.asked = names, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for scheme in ("light", "dark"):
            found, heights = look(arguments, server, scheme, pathlib.Path(scratch))
            problems += found
            if arguments.screenshots:
                problems += photograph(arguments, server, scheme, heights, pathlib.Path(scratch))
        for path in sorted(set(server.asked)):
            if path.lstrip("/") not in names:
                problems.append(f"{path} was asked of the server")
        server.shutdown()
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{len(names)} pages, nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
