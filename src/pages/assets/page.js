
// Light and dark: as the system says until the reader chooses.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = {
    // A page opened from a disk may have no storage.
    get() { try { return localStorage.getItem("caption-theme"); } catch { return null; } },
    set(theme) { try { localStorage.setItem("caption-theme", theme); } catch { /* not kept */ } },
  };
  const current = () => root.dataset.theme ?? (system.matches ? "dark" : "light");
  const chosen = kept.get();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  addEventListener("DOMContentLoaded", () => {
    const place = document.querySelector(".theme");
    if (!place) return;
    const button = document.createElement("button");
    button.type = "button";
    const label = () => { button.textContent = current() === "dark" ? "Light theme" : "Dark theme"; };
    button.addEventListener("click", () => {
      root.dataset.theme = current() === "dark" ? "light" : "dark";
      kept.set(root.dataset.theme);
      label();
    });
    system.addEventListener("change", label);
    label();
    place.append(button);
  });
})();
