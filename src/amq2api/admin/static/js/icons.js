// Small drawings, for the eye only: words always stand beside them.
import { html } from "./lib.js";

const DRAWINGS = {
  accounts: "M3 7h18v12H3zM3 11h18M7 15h4",
  connect: "M9 12h6M8 8H6a4 4 0 0 0 0 8h2M16 8h2a4 4 0 0 1 0 8h-2",
  playground: "M4 5h16v11H11l-5 4v-4H4z",
  requests: "M4 6h16M4 12h16M4 18h10",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  ready: "M5 12.5l4.5 4.5L19 7.5",
  refreshing: "M19 8a8 8 0 1 0 1 6M20 4v5h-5",
  needs_login: "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
  throttled: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM12 8v4.5l3 2",
  quota_used: "M5 21V9M12 21V5M19 21v-7M3 21h18",
  suspended: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM6 6l12 12",
  disabled: "M9 6v12M15 6v12",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
  note: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM12 11v5M12 7.7v.3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2"
    + "M7 17l-2 2",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  person: "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM4 21c1-5 4-6 8-6s7 1 8 6",
  team: "M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7zM2.5 20c.5-4 3-5 6.5-5s6 1 6.5 5M16 5.5a3.2 3.2 0 0 1 0 6.2"
    + "M18 15c2 .5 3.3 2 3.5 5",
  key: "M8 11a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM11.5 12.5L20 4M16 8l3 3",
  machine: "M4 5h16v11H4zM2 20h20",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  stop: "M7 7h10v10H7z",
};

export const Icon = ({ name, size = 20 }) => html`
  <svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${DRAWINGS[name]} />
  </svg>`;
