// A classic script in the head: language and theme are right before anything is drawn.
(function () {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("amq2api") || "{}") || {};
  } catch {
    // Storage may be closed or hold something else; then the system's preferences count.
  }
  const asked = navigator.languages || [navigator.language || "en"];
  const known = (tag) => /^(en|zh)\b/i.test(tag);
  const own = asked.find(known) || "en";
  const language = kept.language === "zh" || kept.language === "en"
    ? kept.language : own.slice(0, 2).toLowerCase();
  const root = document.documentElement;
  root.lang = language === "zh" ? "zh-CN" : "en";
  if (kept.theme === "light" || kept.theme === "dark") root.dataset.theme = kept.theme;
  root.dataset.script = "on";
})();
