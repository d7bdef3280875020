// The transcript: a click on a word is heard from there, and the word that is heard is marked. No word has an element of its
// own. The text lies in paragraphs; `data-t` says when their words begin, `data-n` how long they are where spaces do not part them.
"use strict";
{
  const blocks = [...document.querySelectorAll(".said")].map((element) => ({
    element,
    text: element.querySelector(".words"),
    start: Number.parseInt(element.dataset.t, 10) / 100,
  }));
  const marks = "highlights" in CSS ? new Highlight() : null;
  if (marks) CSS.highlights.set("playing", marks);
  const words = new Map();
  let current = null;
  let word = -1;
  let wasPlaying = false;
  let scrolledByHand = 0;

  // when the words of a paragraph begin, in seconds, and at which character each begins and ends
  const wordsOf = (block) => {
    let known = words.get(block);
    if (known) return known;
    const starts = [];
    let hundredths = 0;
    for (const step of block.element.dataset.t.split(",")) {
      hundredths += Number(step);
      starts.push(hundredths / 100);
    }
    const text = block.text.textContent;
    const lengths = block.element.dataset.n
      ? block.element.dataset.n.split(",").map(Number)
      : text.split(" ").map((piece, place) => piece.length + (place > 0 ? 1 : 0));
    let end = 0;
    const spans = lengths.map((length) => {
      const begin = text[end] === " " && end > 0 ? end + 1 : end;
      end += length;
      return [begin, end];
    });
    known = { starts, spans };
    words.set(block, known);
    return known;
  };

  const lastBefore = (list, value, of) => {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (of(list[middle]) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  // a character of a paragraph as a place in the document: marks may part its text
  const placeOf = (paragraph, character) => {
    const nodes = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    let left = character;
    let node = nodes.nextNode();
    while (node && left > node.length) {
      left -= node.length;
      node = nodes.nextNode();
    }
    return node ? [node, left] : null;
  };

  const characterOf = (paragraph, node, offset) => {
    const nodes = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    let before = 0;
    for (let text = nodes.nextNode(); text; text = nodes.nextNode()) {
      if (text === node) return before + offset;
      before += text.length;
    }
    return null;
  };

  const go = (seconds, play) => document.dispatchEvent(new CustomEvent("earmark:go", { detail: { seconds, play } }));

  const underPointer = (event) => {
    const found = document.caretPositionFromPoint
      ? document.caretPositionFromPoint(event.clientX, event.clientY)
      : document.caretRangeFromPoint?.(event.clientX, event.clientY);
    return found ? [found.offsetNode ?? found.startContainer, found.offset ?? found.startOffset] : null;
  };

  document.querySelector(".transcript")?.addEventListener("click", (event) => {
    const paragraph = event.target.closest(".words");
    if (!paragraph || !getSelection().isCollapsed) return;
    const block = blocks.find((some) => some.text === paragraph);
    const place = underPointer(event);
    const character = place && characterOf(paragraph, ...place);
    if (!block || character === null) return;
    const { starts, spans } = wordsOf(block);
    const number = Math.max(0, lastBefore(spans, character, (span) => span[0]));
    go(starts[Math.min(number, starts.length - 1)], true);
  });

  const mark = (block, number) => {
    marks?.clear();
    if (!block || number < 0 || !marks) return;
    const [begin, end] = wordsOf(block).spans[number] ?? [];
    const from = begin === undefined ? null : placeOf(block.text, begin);
    const to = from && placeOf(block.text, end);
    if (!from || !to) return;
    const range = new Range();
    range.setStart(...from);
    range.setEnd(...to);
    marks.add(range);
  };

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const reveal = (element) => element.scrollIntoView({ block: "center", behavior: calm.matches ? "instant" : "smooth" });
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    return box.top >= 40 && box.bottom <= innerHeight - 120;
  };
  const follows = () => document.querySelector("#follow")?.getAttribute("aria-pressed") === "true" && Date.now() - scrolledByHand > 4000;
  for (const kind of ["wheel", "touchmove"]) addEventListener(kind, () => (scrolledByHand = Date.now()), { passive: true });

  document.addEventListener("earmark:at", (event) => {
    const { seconds, playing } = event.detail;
    const block = blocks[lastBefore(blocks, seconds + 0.02, (some) => some.start)] ?? null;
    const number = block ? lastBefore(wordsOf(block).starts, seconds + 0.02, (start) => start) : -1;
    const begins = playing && !wasPlaying;
    wasPlaying = playing;
    if (block && playing && (begins || block !== current) && follows() && !isSeen(block.element)) reveal(block.element);
    if (block === current && number === word) return;
    if (block !== current) {
      current?.element.classList.remove("now");
      block?.element.classList.add("now");
    }
    current = block;
    word = number;
    mark(block, number);
  });

  document.addEventListener("earmark:paragraph", (event) => {
    const next = blocks[blocks.indexOf(current) + event.detail.direction];
    if (!next) return;
    go(next.start, false);
    reveal(next.element);
  });

  // ---------------------------------------------------------------- links to a second

  const secondOf = (fragment) => {
    const found = /^#t=(?:npt:)?(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)/.exec(fragment);
    return found ? Number(found[1] ?? 0) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3]) : null;
  };

  const arrive = () => {
    const seconds = secondOf(location.hash);
    if (seconds === null) return;
    go(seconds, false);
    const block = blocks[Math.max(0, lastBefore(blocks, seconds + 0.02, (some) => some.start))];
    if (!block) return;
    block.element.classList.add("arrived");
    block.element.addEventListener("animationend", () => block.element.classList.remove("arrived"), { once: true });
    block.element.scrollIntoView({ block: "center", behavior: "instant" });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-at]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const seconds = Number(link.dataset.at);
    history.replaceState(null, "", `#t=${Number(seconds.toFixed(2))}`);
    go(seconds, document.querySelector("#sound") !== null);
    const block = blocks.find((some) => some.start >= seconds - 0.02) ?? blocks.at(-1);
    if (block && !link.closest(".said, .opens") && !isSeen(block.element)) reveal(block.element);
  });
  addEventListener("hashchange", arrive);
  arrive();

  // ---------------------------------------------------------------- the reasons for a chapter's start can be put away (WCAG 1.4.13)

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const tip of document.querySelectorAll(".why")) tip.classList.add("put-away");
  });
  for (const why of document.querySelectorAll(".why")) {
    for (const kind of ["mouseleave", "focusout"]) why.addEventListener(kind, () => why.classList.remove("put-away"));
  }
}
