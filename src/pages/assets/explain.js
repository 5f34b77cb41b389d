
// A word of the caption shows its heat map over the picture. Without this script there is the gallery.
addEventListener("DOMContentLoaded", () => {
  "use strict";
  const stack = document.querySelector(".stage .stack");
  const heat = document.getElementById("heat");
  const legend = document.querySelector(".legend");
  const low = legend.querySelector("[data-low]");
  const high = legend.querySelector("[data-high]");
  const maps = [...document.querySelectorAll(".tiles .heat")];
  const details = [...document.querySelectorAll(".detail")];
  let chosen = -1; // stays when the pointer goes away

  const buttons = [...document.querySelectorAll(".line .word")].map((word) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "word";
    button.textContent = word.textContent;
    word.replaceWith(button);
    return button;
  });

  const show = (index) => {
    const map = maps[index];
    stack.classList.toggle("lit", Boolean(map));
    heat.hidden = !map;
    if (map) heat.src = map.src;
    if (map) heat.alt = map.alt;
    low.textContent = map ? `gain ${map.dataset.high}` : "gain";
    high.textContent = map ? `loss ${map.dataset.high}` : "loss";
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    details.forEach((detail, i) => { detail.hidden = i !== index; });
  };
  const choose = (index) => { chosen = index; show(chosen); };

  buttons.forEach((button, i) => {
    button.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(i); });
    button.addEventListener("focus", () => choose(i));
    button.addEventListener("click", () => choose(i));
  });
  stack.addEventListener("pointerenter", () => { stack.classList.remove("lit"); heat.hidden = true; });
  stack.addEventListener("pointerleave", () => show(chosen));
  const line = document.querySelector(".line");
  line.addEventListener("pointerleave", () => show(chosen));
  line.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    next.focus();
    event.preventDefault();
  });
  document.querySelector(".hint").hidden = false;

  // The word that owes most to the picture is the first to be seen.
  const strengths = maps.map((map) => Number(map.dataset.strength));
  choose(strengths.indexOf(Math.max(...strengths)));
});
