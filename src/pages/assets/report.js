
// caption --html: filter, sort, the failures' own section, the large view. Without it the page shows everything.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);

  /** For comparing: without accents, case and odd widths. */
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const signed = (number, digits) => Number(number).toFixed(digits).replace("-", "\u2212");

  /** One input's element and what it is found and sorted by. */
  class Entry {
    constructor(element, index) {
      this.element = element;
      this.index = index;
      this.failed = element.classList.contains("failure");
      this.doubtful = element.classList.contains("doubtful");
      this.score = Number(element.dataset.mean);
    }
    get name() { return this.element.querySelector(".name").textContent; }
    get text() {
      const words = this.element.querySelector(".caption, .message").textContent;
      return (this.folded ??= fold(`${words} ${this.name}`));
    }
  }

  /** Moves the failures out of the list, into a section after it. */
  function separate(failures, list) {
    const section = document.createElement("section");
    section.className = "failures";
    section.setAttribute("aria-labelledby", "failures-title");
    const title = document.createElement("h2");
    title.id = "failures-title";
    title.textContent = "Failed";
    const own = document.createElement("ul");
    own.append(...failures.map((entry) => entry.element));
    section.append(title, own);
    list.after(section);
    return section;
  }

  function orders() {
    const collator = new Intl.Collator(undefined, { numeric: true });
    return {
      input: (a, b) => a.index - b.index,
      down: (a, b) => b.score - a.score || a.index - b.index,
      up: (a, b) => a.score - b.score || a.index - b.index,
      name: (a, b) => collator.compare(a.name, b.name) || a.index - b.index,
    };
  }

  function setUpControls(list, records, failures) {
    const find = by("find");
    const section = failures.length > 0 ? separate(failures, list) : null;
    const nothing = document.createElement("p");
    nothing.className = "nothing";
    list.after(nothing);
    const all = [...records, ...failures];

    const filter = () => {
      const words = fold(find.value).split(/\s+/).filter(Boolean);
      const show = document.querySelector("input[name=show]:checked").value;
      let records_shown = 0;
      let failures_shown = 0;
      for (const entry of all) {
        const wanted = show === "all" || (show === "doubtful" ? entry.doubtful : (show === "failed") === entry.failed);
        const visible = wanted && words.every((word) => entry.text.includes(word));
        entry.element.hidden = !visible;
        if (visible) entry.failed ? ++failures_shown : ++records_shown;
      }
      const shown = records_shown + failures_shown;
      list.hidden = records_shown === 0;
      if (section) section.hidden = failures_shown === 0;
      nothing.hidden = shown > 0;
      nothing.textContent = words.length > 0 ? `Nothing here has the words \u201c${find.value.trim()}\u201d.` : "Nothing here.";
      by("shown").textContent = shown === all.length ? `${all.length} shown` : `${shown} of ${all.length} shown`;
    };
    const sort = () => {
      const sorted = [...records].sort(orders()[by("sort").value]);
      const fragment = document.createDocumentFragment();
      // All at once: taking thousands out one by one makes the browser renumber the list each time.
      list.replaceChildren();
      for (const entry of sorted) fragment.append(entry.element);
      list.append(fragment);
    };

    let waiting = 0;
    find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, all.length > 2000 ? 150 : 0); });
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || find.value === "") return;
      event.preventDefault();
      find.value = "";
      filter();
    });
    document.querySelector(".show").addEventListener("change", filter);
    by("sort").addEventListener("change", sort);
    by("controls").addEventListener("submit", (event) => event.preventDefault());
    addEventListener("keydown", (event) => {
      const typing = event.target.matches?.("input[type=search], textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.altKey || event.metaKey || by("viewer").open) return;
      event.preventDefault();
      find.focus();
      find.select();
    });

    const counts = { all: all.length, captioned: records.length, failed: failures.length, doubtful: records.filter((entry) => entry.doubtful).length };
    for (const place of document.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
    for (const name of ["failed", "doubtful"]) document.querySelector(`.show [value=${name}]`).parentNode.hidden = counts[name] === 0;
    document.querySelector(".show").hidden = counts.failed + counts.doubtful === 0;
    by("controls").hidden = false;
    // A reloaded page may keep what was typed and chosen.
    if (by("sort").value !== "input") sort();
    filter();
  }

  function setUpViewer(list) {
    const viewer = by("viewer");
    let visible = [];
    let at = 0;

    const copies = (record, selector) => [...record.querySelectorAll(selector)].map((part) => part.cloneNode(true));
    const show = (index) => {
      at = index;
      const record = visible[at];
      const image = record.querySelector(".picture img");
      by("viewer-image").src = image.src;
      by("viewer-image").alt = image.alt;
      by("viewer-place").textContent = `${at + 1} of ${visible.length}`;
      by("viewer-caption").textContent = record.querySelector(".caption").textContent;
      by("viewer-name").replaceChildren(...copies(record, ".name > *"));
      by("viewer-score").replaceChildren(
        ...record.querySelector(".score").cloneNode(true).childNodes,
        ` (log-probability ${signed(record.dataset.sum, 2)}, ${signed(record.dataset.mean, 3)} per token)`);
      by("viewer-others").replaceChildren(...copies(record, ".others"));
      for (const others of viewer.querySelectorAll(".others")) others.open = true;
      by("viewer-previous").disabled = at === 0;
      by("viewer-next").disabled = at === visible.length - 1;
      // A button that has just been disabled must not keep the keyboard.
      if (document.activeElement?.disabled) by("viewer-close").focus();
    };
    const step = (by_how_many) => {
      const index = at + by_how_many;
      if (index >= 0 && index < visible.length) show(index);
    };

    list.addEventListener("click", (event) => {
      const record = event.target.closest(".picture")?.closest(".record");
      if (!record) return;
      visible = [...list.children].filter((other) => !other.hidden);
      show(visible.indexOf(record));
      viewer.showModal();
    });
    viewer.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") step(-1);
      if (event.key === "ArrowRight") step(1);
    });
    viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
    viewer.addEventListener("close", () => visible[at].querySelector(".picture").focus());
    by("viewer-previous").addEventListener("click", () => step(-1));
    by("viewer-next").addEventListener("click", () => step(1));
    by("viewer-close").addEventListener("click", () => viewer.close());
  }

  addEventListener("DOMContentLoaded", () => {
    const list = by("records");
    // A run that was cut off may have left half a record.
    for (const element of [...list.children]) {
      if (!element.querySelector(".score, .message")) element.remove();
    }
    const entries = [...list.children].map((element, index) => new Entry(element, index));
    setUpControls(list, entries.filter((entry) => !entry.failed), entries.filter((entry) => entry.failed));
    setUpViewer(list);
  });
})();
