// The present, as the gateway tells it: the browser's clock may be wrong.
import { useEffect, useState } from "./lib.js";

let ahead = 0;

export function heard(serverNow) {
  const difference = serverNow - Date.now() / 1000;
  // Smaller differences are the road's, and would make countdowns tremble.
  ahead = Math.abs(difference) > 5 ? difference : 0;
}

export const now = () => Date.now() / 1000 + ahead;

// The present, for a part that is drawn anew at least every so many seconds.
export function useNow(every = 15) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick(now()), every * 1000);
    return () => clearInterval(timer);
  }, [every]);
  return now();
}
