// The present, as the gateway tells it: the browser's clock may be wrong.
import { useEffect, useState } from "./lib.js";

let ahead = 0;

export function heard(serverNow) {
  const difference = serverNow - Date.now() / 1000;
  // Smaller differences are the road's, and would make countdowns tremble.
  ahead = Math.abs(difference) > 5 ? difference : 0;
}

export const now = () => Date.now() / 1000 + ahead;

// Draws the part anew every so many seconds.
export function useNow(every = 15) {
  const [value, setValue] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setValue(now()), every * 1000);
    return () => clearInterval(timer);
  }, [every]);
  return Math.max(value, now() - every);
}
