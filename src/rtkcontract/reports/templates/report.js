(() => {
  "use strict";
  const cases = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  const marks = [...document.querySelectorAll("button.k")];
  const names = ["", "", "expected", "sent", "got", "answer", "remark"];
  let pinned = null;

  function tell(mark) {
    const told = cases[Number(mark.dataset.i)];
    panel.replaceChildren();
    panel.hidden = false;
    const head = document.createElement("p");
    head.className = "id";
    head.textContent = told ? told[0] + ": " + told[1] : mark.getAttribute("aria-label");
    panel.append(head);
    if (!told) return;
    names.forEach((name, place) => {
      if (!name || !told[place]) return;
      const line = document.createElement("p");
      const label = document.createElement("span");
      label.className = "soft";
      label.textContent = name + " ";
      const value = document.createElement("code");
      value.textContent = told[place];
      line.append(label, value);
      panel.append(line);
    });
    marks.forEach((each) => each.classList.toggle("on", each === mark));
  }

  function near(mark, key) {
    const place = marks.indexOf(mark);
    if (key === "ArrowRight") return marks[place + 1];
    if (key === "ArrowLeft") return marks[place - 1];
    const here = mark.getBoundingClientRect();
    const down = key === "ArrowDown";
    let best = null, least = Infinity;
    for (const other of marks) {
      const there = other.getBoundingClientRect();
      const rise = down ? there.top - here.top : here.top - there.top;
      if (rise < 4) continue;
      const far = rise * 4 + Math.abs(there.left - here.left);
      if (far < least) { least = far; best = other; }
    }
    return best;
  }

  marks.forEach((mark, place) => {
    mark.tabIndex = place ? -1 : 0;
    mark.addEventListener("mouseenter", () => { if (!pinned) tell(mark); });
    mark.addEventListener("focus", () => { pinned = null; tell(mark); });
    mark.addEventListener("click", () => { pinned = mark; tell(mark); });
    mark.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      const other = near(mark, event.key);
      if (!other) return;
      event.preventDefault();
      mark.tabIndex = -1;
      other.tabIndex = 0;
      other.focus();
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pinned = null;
    panel.hidden = true;
  });

  for (const button of document.querySelectorAll("button.copy")) {
    const command = button.parentElement.nextElementSibling;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    });
  }

  for (const input of document.querySelectorAll("input[data-filters]")) {
    const items = [...document.querySelectorAll(input.dataset.filters)];
    const count = document.getElementById(input.id + "-count");
    input.closest(".tools").hidden = false;
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        const text = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        if (!item.hidden) shown += 1;
      }
      count.textContent = words.length ? shown + " of " + items.length : "";
    });
  }
  for (const button of document.querySelectorAll("button[data-opens]")) {
    button.addEventListener("click", () => {
      const all = [...document.querySelectorAll(button.dataset.opens)];
      const open = all.some((each) => !each.open);
      all.forEach((each) => { each.open = open; });
    });
  }
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details.group").forEach((each) => { each.open = true; });
  });
})();
