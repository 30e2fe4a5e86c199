"use strict";
try {
  const chosen = localStorage.getItem("ims-conformance-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the page follows the system.
}
