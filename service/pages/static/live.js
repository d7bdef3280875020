// Jobs that are open are followed as they go on. The server writes the page again whenever something happened, and what is marked
// `data-live` is taken from there, so that scripts and server say the same.
"use strict";
{
  const MOST = 3; // browsers open six connections to a server, and the page itself needs some
  const EVERY = 1000;
  const OF_JOBS = ["job.queued", "job.running", "job.done", "job.failed", "job.cancelled"];
  const OF_STEPS = ["step.started", "step.done", "step.failed", "step.lost", "step.postponed", "step.returned"];
  const sources = new Map();
  const status = document.querySelector("#live-status");
  let due = false;
  let last = 0;

  const say = (text) => {
    if (status && status.textContent !== text) status.textContent = text;
  };

  const put = (found) => {
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = found.getElementById(old.id);
      if (!now || now.outerHTML === old.outerHTML) continue;
      if (now.dataset.state !== old.dataset.state) say(`${now.dataset.title}: ${now.dataset.state}`);
      const focused = old.contains(document.activeElement) ? document.activeElement.closest("a, button")?.textContent : null;
      old.replaceWith(now);
      if (focused) [...now.querySelectorAll("a, button")].find((each) => each.textContent === focused)?.focus();
    }
    if (found.title) document.title = found.title;
    follow();
  };

  const refresh = async () => {
    due = false;
    last = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // the server is away; the stream says so, too, and comes back by itself
    }
  };

  const soon = () => {
    if (due) return;
    due = true;
    setTimeout(refresh, Math.max(0, last + EVERY - performance.now()));
  };

  const move = (id, told) => {
    const bar = document.querySelector(`#${CSS.escape(id)} progress`);
    const percent = document.querySelector(`#${CSS.escape(id)} .percent`);
    if (bar) bar.value = told.progress;
    if (percent) percent.textContent = `${Math.floor(told.progress * 100)} %`;
  };

  const end = (id) => {
    sources.get(id)?.close();
    sources.delete(id);
  };

  const begin = (element) => {
    const id = element.id;
    const source = new EventSource(element.dataset.events);
    sources.set(id, source);
    source.addEventListener("progress", (event) => {
      move(id, JSON.parse(event.data));
      soon();
    });
    for (const kind of [...OF_JOBS, ...OF_STEPS]) source.addEventListener(kind, soon);
  };

  const follow = () => {
    const open = [...document.querySelectorAll("[data-events]")];
    const ids = new Set(open.map((element) => element.id));
    for (const id of [...sources.keys()]) if (!ids.has(id)) end(id);
    for (const element of open) if (sources.size < MOST && !sources.has(element.id)) begin(element);
  };

  follow();
  addEventListener("pagehide", () => [...sources.keys()].forEach(end));
  addEventListener("pageshow", (event) => event.persisted && follow());
}
