// The player: one bar for the sound of an episode. Others ask it to go somewhere with the event `earmark:go`
// ({ seconds, play }), and hear from it where it is with `earmark:at` ({ seconds, playing }).
"use strict";
{
  const sound = document.querySelector("#sound");
  if (sound) {
    const of = (id) => document.getElementById(id);
    const [play, seek, at, now, rate, follow, keysOn] = ["play", "seek", "at", "now", "rate", "follow", "keys-on"].map(of);
    const chapters = [...document.querySelectorAll(".chapters a.chapter")].map((link) => ({
      start: Number(link.dataset.at),
      link,
      title: link.querySelector("bdi").textContent,
    }));
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let dragging = false;
    let chapter = null;

    sound.controls = false;
    document.querySelector(".bar-of-player").hidden = false;

    const clock = (seconds) => {
      const whole = Math.floor(seconds);
      const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
      const [hours, minutes, rest] = parts.map((part) => String(part));
      return hours === "0" ? `${minutes}:${rest.padStart(2, "0")}` : `${hours}:${minutes.padStart(2, "0")}:${rest.padStart(2, "0")}`;
    };

    const lastBefore = (list, seconds) => {
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle].start <= seconds) low = middle + 1;
        else high = middle;
      }
      return list[low - 1] ?? null;
    };

    const show = () => {
      const seconds = sound.currentTime;
      if (!dragging) seek.value = String(seconds);
      at.textContent = clock(seconds);
      const found = lastBefore(chapters, seconds + 0.05);
      if (found !== chapter) {
        chapter?.link.removeAttribute("aria-current");
        found?.link.setAttribute("aria-current", "true");
        now.firstElementChild.textContent = found?.title ?? "";
        chapter = found;
      }
      const share = seek.max > 0 ? (seek.value / seek.max) * 100 : 0;
      seek.style.setProperty("--done", `${share}%`);
      seek.setAttribute("aria-valuetext", `${clock(Number(seek.value))} of ${clock(Number(seek.max))}${found ? `, ${found.title}` : ""}`);
      document.dispatchEvent(new CustomEvent("earmark:at", { detail: { seconds, playing: !sound.paused } }));
    };

    // many times a second while it plays and can be seen, since `timeupdate` comes four times a second
    let last = 0;
    const tick = (time) => {
      if (sound.paused) return;
      if (time - last > 60) {
        last = time;
        show();
      }
      requestAnimationFrame(tick);
    };

    const go = (seconds, andPlay) => {
      sound.currentTime = Math.max(0, Math.min(seconds, Number(seek.max)));
      if (andPlay) sound.play().catch(() => {});
      show();
    };
    const toggle = () => (sound.paused ? sound.play().catch(() => {}) : sound.pause());

    document.addEventListener("earmark:go", (event) => go(event.detail.seconds, event.detail.play));
    sound.addEventListener("play", () => {
      play.setAttribute("aria-label", "Pause");
      play.classList.add("playing");
      requestAnimationFrame(tick);
    });
    sound.addEventListener("pause", () => {
      play.setAttribute("aria-label", "Play");
      play.classList.remove("playing");
      show();
    });
    for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) sound.addEventListener(kind, show);
    sound.addEventListener("error", () => {
      now.firstElementChild.textContent = "The sound cannot be played.";
    });

    play.addEventListener("click", toggle);
    of("back").addEventListener("click", () => go(sound.currentTime - 15, false));
    of("on").addEventListener("click", () => go(sound.currentTime + 30, false));
    seek.addEventListener("input", () => {
      dragging = true;
      at.textContent = clock(Number(seek.value));
      seek.style.setProperty("--done", `${(seek.value / seek.max) * 100}%`);
    });
    seek.addEventListener("change", () => {
      dragging = false;
      go(Number(seek.value), false);
    });
    follow.addEventListener("click", () => follow.setAttribute("aria-pressed", String(follow.getAttribute("aria-pressed") !== "true")));

    const kept = (name, value) => {
      try {
        if (value !== undefined) localStorage.setItem(name, value);
        return localStorage.getItem(name);
      } catch {
        return null; // a browser that keeps nothing
      }
    };
    const speed = kept("earmark-rate");
    if (speed && [...rate.options].some((option) => option.value === speed)) rate.value = speed;
    sound.playbackRate = sound.defaultPlaybackRate = Number(rate.value);
    rate.addEventListener("change", () => {
      sound.playbackRate = sound.defaultPlaybackRate = Number(rate.value);
      kept("earmark-rate", rate.value);
    });
    if (kept("earmark-keys") === "off") keysOn.checked = false;
    keysOn.addEventListener("change", () => kept("earmark-keys", keysOn.checked ? "on" : "off"));

    const step = (direction) => {
      const place = chapters.indexOf(chapter);
      const into = sound.currentTime - (chapter?.start ?? 0);
      const wanted = direction < 0 && into > 3 ? place : place + direction;
      if (chapters[wanted]) go(chapters[wanted].start, false);
    };
    const paragraph = (direction) => document.dispatchEvent(new CustomEvent("earmark:paragraph", { detail: { direction } }));
    const keys = {
      " ": toggle,
      ArrowLeft: () => go(sound.currentTime - 5, false),
      ArrowRight: () => go(sound.currentTime + 5, false),
      j: () => paragraph(1),
      k: () => paragraph(-1),
      n: () => step(1),
      p: () => step(-1),
      "/": () => of("find")?.focus(),
    };
    document.addEventListener("keydown", (event) => {
      const busy = event.target.closest?.("input, select, textarea, button, summary, [contenteditable]") || (event.key === " " && event.target.closest?.("a"));
      if (busy || event.ctrlKey || event.metaKey || event.altKey || !keysOn.checked || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });
    document.addEventListener("keydown", (event) => {
      const open = document.querySelector(".keys[open]");
      if (event.key === "Escape" && open) open.open = false;
    });

    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({ title: sound.dataset.title, artist: sound.dataset.show });
      navigator.mediaSession.setActionHandler("nexttrack", chapters.length ? () => step(1) : null);
      navigator.mediaSession.setActionHandler("previoustrack", chapters.length ? () => step(-1) : null);
    }

    const picture = document.querySelector("#picture");
    if (picture) {
      const head = picture.querySelector("#playhead");
      const duration = Number(picture.dataset.duration);
      document.addEventListener("earmark:at", (event) => head.setAttribute("x", String((event.detail.seconds / duration) * 1000 - 1)));
      picture.addEventListener("click", (event) => {
        const box = picture.getBoundingClientRect();
        go(((event.clientX - box.left) / box.width) * duration, !sound.paused);
      });
    }

    document.addEventListener("earmark:at", (event) => {
      document.documentElement.classList.toggle("is-calm", calm.matches);
      document.documentElement.dataset.playing = String(event.detail.playing);
    });
  }
}
