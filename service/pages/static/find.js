// Search inside an episode, as one types: marks all places, and goes from one to the next.
"use strict";
{
  const form = document.querySelector(".find");
  if (form && "highlights" in CSS) {
    const field = form.querySelector("#find");
    const status = form.querySelector("#find-status");
    const steps = form.querySelector(".find-steps");
    const most = 1000;
    const all = new Highlight();
    const one = new Highlight();
    one.priority = 1;
    CSS.highlights.set("found", all);
    CSS.highlights.set("found-now", one);
    let places = [];
    let at = -1;

    // what the server has marked is marked by the same means as everything later
    for (const mark of document.querySelectorAll(".words mark")) {
      const parent = mark.parentNode;
      mark.replaceWith(...mark.childNodes);
      parent.normalize();
    }
    document.querySelector(".found-places")?.remove();

    const look = () => {
      all.clear();
      one.clear();
      places = [];
      at = -1;
      const phrase = field.value.trim().split(/\s+/).filter(Boolean);
      if (phrase.length > 0) {
        const pattern = new RegExp(phrase.map((piece) => piece.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&")).join("\\s+"), "gi");
        for (const paragraph of document.querySelectorAll(".words")) {
          const text = paragraph.firstChild;
          if (!text || places.length >= most) continue;
          for (const found of text.data.matchAll(pattern)) {
            const range = new Range();
            range.setStart(text, found.index);
            range.setEnd(text, found.index + found[0].length);
            places.push(range);
            all.add(range);
          }
        }
      }
      steps.hidden = places.length === 0;
      say();
    };

    const say = () => {
      if (field.value.trim() === "") status.textContent = "";
      else if (places.length === 0) status.textContent = "Not said";
      else if (at < 0) status.textContent = `${places.length} ${places.length === 1 ? "place" : "places"}`;
      else status.textContent = `${at + 1} of ${places.length}`;
    };

    const step = (direction) => {
      if (places.length === 0) return;
      at = (at + direction + places.length) % places.length;
      one.clear();
      one.add(places[at]);
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      places[at].startContainer.parentElement.scrollIntoView({ block: "center", behavior: calm ? "instant" : "smooth" });
      say();
    };

    let waiting;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(look, 150);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      if (at < 0) look();
      step(1);
    });
    form.querySelector("#find-on").addEventListener("click", () => step(1));
    form.querySelector("#find-back").addEventListener("click", () => step(at < 0 ? 0 : -1));
    look();
  }
}
