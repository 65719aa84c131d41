// The one place that names the vendored library.
export {
  html, render, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/htm-preact.js";
