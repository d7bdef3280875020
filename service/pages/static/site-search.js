// Search over pages that lie in a folder, without a server. The index lies in scripts, since a page from a disk may load those
// and nothing else; each hands over its content by `earmarkSearch.take`. Words are made of a text as `storage/search/tokens.py`
// makes them, and where a word is kept is told as `service/site/index.py` tells it.
"use strict";
{
  const MOST_SHOWN = 50;
  const MOST_FILES = 200; // of paragraphs, that are looked through for one page of what was found
  const LONGEST = 300;

  const waiting = new Map();
  const taken = new Map();

  const load = (name) => {
    if (!taken.has(name)) {
      taken.set(
        name,
        new Promise((resolve, reject) => {
          waiting.set(name, resolve);
          const script = document.createElement("script");
          script.src = `search/${name}.js`;
          script.onerror = () => reject(new Error(`search/${name}.js is missing`));
          document.head.append(script);
        }),
      );
    }
    return taken.get(name);
  };

  // ---------------------------------------------------------------- words

  const letters = /[\p{L}\p{N}\p{M}]+/gu;
  const unspaced =
    /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\u{17000}-\u{18d7f}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;

  const folded = (word) => {
    const lower = word.toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
    const plain = lower.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
    return [...(plain.match(letters) ?? []).join("")].slice(0, 64).join("");
  };

  const tokensOf = (text) => {
    const found = [];
    for (const run of text.matchAll(letters)) {
      const characters = [...run[0]];
      let at = run.index;
      let place = 0;
      while (place < characters.length) {
        const apart = unspaced.test(characters[place]);
        let end = place + 1;
        while (end < characters.length && unspaced.test(characters[end]) === apart) end += 1;
        const piece = characters.slice(place, end);
        if (apart) {
          const parts = piece.map(folded);
          piece.forEach((character, number) => {
            const next = piece[number + 1];
            found.push({ text: parts[number] + (next ? parts[number + 1] : ""), start: at, end: at + character.length + (next?.length ?? 0), kind: next ? "pair" : "tail" });
            at += character.length;
          });
        } else {
          const word = piece.join("");
          const plain = folded(word);
          if (plain) found.push({ text: plain, start: at, end: at + word.length, kind: "word" });
          at += word.length;
        }
        place = end;
      }
    }
    return found;
  };

  const shardOf = (word, shards) => {
    const units = word.charCodeAt(0) < 128 ? 2 : 1;
    let digest = 0x811c9dc5;
    for (let place = 0; place < Math.min(units, word.length); place += 1) digest = Math.imul(digest ^ word.charCodeAt(place), 0x01000193) >>> 0;
    return digest % shards;
  };

  // ---------------------------------------------------------------- what is wanted

  const termOf = (text, starred) => {
    let tokens = tokensOf(text);
    if (tokens.length === 0) return null;
    let open = starred;
    const last = tokens.at(-1);
    if (last.kind === "tail") {
      open = tokens.length === 1 || tokens.at(-2).kind !== "pair";
      if (!open) tokens = tokens.slice(0, -1);
    } else if (open && last.text.length < 3) {
      throw new Error(`${last.text}* stands for too many words. Give 3 letters or more before a *.`);
    }
    return { words: tokens.map((token) => token.text), open };
  };

  const parse = (text) => {
    const wanted = { terms: [], excluded: [], show: [], speaker: [], chapter: [], after: "", before: "" };
    const pattern = /(-?)(?:(show|speaker|chapter|after|before):)?(?:"([^"]*)"?(\*?)|([^\s"]+))/gi;
    for (const [, minus, name, phrase, star, word] of text.replace(/[“”„]/g, '"').matchAll(pattern)) {
      const kind = (name ?? "").toLowerCase();
      const said = phrase ?? word;
      if (kind === "after" || kind === "before") {
        if (!/^\d{4}(-\d\d?)?(-\d\d?)?$/.test(said)) throw new Error(`${kind}: needs a date. Write ${kind}:2024, ${kind}:2024-05 or ${kind}:2024-05-01.`);
        wanted[kind] = said.split("-").map((part) => part.padStart(2, "0")).join("-");
        continue;
      }
      const term = termOf(said, star === "*" || (word ?? "").endsWith("*"));
      if (term) (kind ? wanted[kind] : minus ? wanted.excluded : wanted.terms).push(term);
    }
    if (!wanted.terms.length && !wanted.show.length && !wanted.speaker.length && !wanted.chapter.length && !wanted.after && !wanted.before) {
      throw new Error('There is no word to look for. Give a word, a "phrase in quotation marks", or a filter like show:name.');
    }
    return wanted;
  };

  // ---------------------------------------------------------------- where it is

  const placesOf = (steps) => {
    let at = 0;
    return steps.map((step) => (at += step));
  };

  const having = async (word, open, about) => {
    const words = await load(`words-${shardOf(word, about.shards)}`);
    if (!open) return placesOf(Object.hasOwn(words, word) ? words[word] : []);
    const all = new Set();
    for (const [other, steps] of Object.entries(words)) if (other.startsWith(word)) for (const place of placesOf(steps)) all.add(place);
    return [...all].sort((one, other) => one - other);
  };

  const candidates = async (wanted, about) => {
    let left = null;
    for (const term of wanted.terms) {
      for (const [number, word] of term.words.entries()) {
        const places = await having(word, term.open && number === term.words.length - 1, about);
        const known = new Set(places);
        left = left === null ? places : left.filter((place) => known.has(place));
      }
    }
    return left ?? Array.from({ length: about.paragraphs }, (_, place) => place);
  };

  const hitsOf = (tokens, term) => {
    const hits = [];
    for (let first = 0; first + term.words.length <= tokens.length; first += 1) {
      const fits = term.words.every((word, number) => {
        const text = tokens[first + number].text;
        return text === word || (term.open && number === term.words.length - 1 && text.startsWith(word));
      });
      if (fits) hits.push([tokens[first].start, tokens[first + term.words.length - 1].end]);
    }
    return hits;
  };

  const named = (name, terms) => terms.every((term) => hitsOf(tokensOf(name ?? ""), term).length > 0);

  // what is marked of a paragraph, or null if it is not what is wanted
  const judge = (said, about, wanted) => {
    const [episode, chapter, speaker, text] = said;
    const [, title, show, day] = about.episodes[episode];
    if (!named(show, wanted.show) || !named(speaker, wanted.speaker) || !named(chapter, wanted.chapter)) return null;
    if ((wanted.after && !(day && day >= wanted.after)) || (wanted.before && !(day && day < wanted.before))) return null;
    const tokens = tokensOf(text);
    const titles = tokensOf(`${title} ${chapter ?? ""}`);
    const names = tokensOf(`${show ?? ""} ${speaker ?? ""}`);
    if (wanted.excluded.some((term) => [tokens, titles, names].some((some) => hitsOf(some, term).length > 0))) return null;
    const marks = [];
    for (const term of wanted.terms) {
      const hits = hitsOf(tokens, term);
      if (hits.length === 0 && hitsOf(titles, term).length === 0) return null;
      marks.push(...hits);
    }
    return marks.sort((one, other) => one[0] - other[0]);
  };

  const secondOf = (said, character) => {
    const [, , , text, times, lengths] = said;
    const sizes = lengths ? lengths.split(",").map(Number) : text.split(" ").map((word, place) => word.length + (place > 0 ? 1 : 0));
    const steps = times.split(",").map(Number);
    let hundredths = steps[0];
    let end = sizes[0];
    for (let word = 1; word < sizes.length && end <= character; word += 1) {
      hundredths += steps[word];
      end += sizes[word];
    }
    return hundredths / 100;
  };

  // ---------------------------------------------------------------- how it is shown

  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };

  const sentence = (text, marks) => {
    const first = marks[0]?.[0] ?? 0;
    let begin = text.length <= LONGEST ? 0 : Math.max(0, Math.min(first - 100, text.length - LONGEST));
    if (begin > 0) begin = Math.min(first, text.indexOf(" ", begin) + 1 || first);
    const end = Math.min(text.length, begin + LONGEST);
    const paragraph = make("p", { class: "sentence", dir: "auto" }, begin > 0 ? "…" : "");
    let at = begin;
    for (const [from, to] of marks) {
      if (from < at || to > end) continue;
      paragraph.append(text.slice(at, from), make("mark", {}, text.slice(from, to)));
      at = to;
    }
    paragraph.append(text.slice(at, end), end < text.length ? "…" : "");
    return paragraph;
  };

  const item = (said, marks, about) => {
    const [episode, chapter, speaker, text] = said;
    const [id, title, show, day] = about.episodes[episode];
    const seconds = secondOf(said, marks[0]?.[0] ?? 0);
    const address = `episodes/${encodeURIComponent(id)}.html#t=${Number(seconds.toFixed(2))}`;
    const link = make("a", { href: address }, make("bdi", {}, title));
    if (chapter) link.append(": ", make("bdi", {}, chapter));
    const facts = [show, day, clock(seconds), speaker].filter(Boolean);
    const line = make("p", { class: "facts" });
    facts.forEach((fact, number) => line.append(number ? " · " : "", make("bdi", {}, fact)));
    return make("li", {}, make("h2", {}, link), line, sentence(text, marks));
  };

  const found = document.querySelector("#site-found");
  const status = document.querySelector("#site-status");

  const show = async (places, from, about, wanted) => {
    const shown = found.childElementCount;
    let file = -1;
    let files = 0;
    let at = from;
    for (; at < places.length && found.childElementCount - shown < MOST_SHOWN && files < MOST_FILES; at += 1) {
      const number = Math.floor(places[at] / about.perFile);
      if (number !== file) [file, files] = [number, files + 1];
      const said = (await load(`said-${number}`))[places[at] % about.perFile];
      const marks = judge(said, about, wanted);
      if (marks) found.append(item(said, marks, about));
    }
    document.querySelector("#site-more")?.remove();
    if (at < places.length) {
      const more = make("button", { type: "button", id: "site-more" }, "More");
      more.addEventListener("click", () => show(places, at, about, wanted));
      found.after(more);
    }
    const count = found.childElementCount;
    status.textContent = count === 0 && at >= places.length ? "Nothing was found." : `${count}${at < places.length ? " or more" : ""} ${count === 1 ? "place" : "places"}`;
  };

  const look = async (text) => {
    status.textContent = "Looking…";
    document.querySelector(".hint-list").hidden = true;
    try {
      const wanted = parse(text);
      const about = await load("about");
      await show(await candidates(wanted, about), 0, about, wanted);
    } catch (error) {
      status.textContent = error.message;
      document.querySelector(".hint-list").hidden = false;
    }
  };

  globalThis.earmarkSearch = {
    take: (name, content) => waiting.get(name)?.(content),
    tokensOf,
    shardOf,
  };

  const asked = new URLSearchParams(location.search).get("q")?.slice(0, 500) ?? "";
  document.querySelector("#q").value = asked;
  if (asked.trim()) look(asked);
}
