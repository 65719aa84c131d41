// A value that tells when it changes: all state that more than one part of the page shares.
import { useEffect, useState } from "./lib.js";

export function cell(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useCell(source) {
  const [value, setValue] = useState(source.get);
  useEffect(() => {
    setValue(source.get()); // it may have changed between drawing and subscribing
    return source.subscribe((next) => setValue(() => next));
  }, [source]);
  return value;
}
