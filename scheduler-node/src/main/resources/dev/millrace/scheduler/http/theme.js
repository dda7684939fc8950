// Sets the chosen theme before the first paint; nothing chosen follows the system.
try {
  const chosen = localStorage.getItem("millrace.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // a browser that keeps nothing follows the system
}
