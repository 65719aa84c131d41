// Numbers, dates and spans of time in the reader's language. Times are Unix seconds.
import { locale, t } from "./text.js";

export const number = (value, options) => new Intl.NumberFormat(locale(), options).format(value);

// Credits come in fractions, and a small call costs a very small one.
export const amount = (value) => number(value, Math.abs(value) < 1
  ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 });

export const percent = (value) => number(value / 100, { style: "percent", maximumFractionDigits: 0 });

export function moment(seconds, options = { dateStyle: "medium", timeStyle: "short" }) {
  const when = new Date(seconds * 1000);
  return Number.isNaN(when.getTime()) ? "" : new Intl.DateTimeFormat(locale(), options).format(when);
}

// As short as it can be: today needs no date.
export const brief = (seconds, other) => moment(seconds,
  new Date().toDateString() === new Date(seconds * 1000).toDateString() ? { timeStyle: "medium" } : other);

export const day = (seconds) => moment(seconds, { dateStyle: "medium" });

export const iso = (seconds) => {
  const when = new Date(seconds * 1000);
  return Number.isNaN(when.getTime()) ? undefined : when.toISOString();
};

const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"], [12, "month"], [Infinity, "year"]];

// "in 3 hours", "2 minutes ago"
export function relative(seconds, now) {
  let value = seconds - now;
  for (const [size, unit] of STEPS) {
    if (Math.abs(Math.round(value)) < size) {
      return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(value), unit);
    }
    value /= size;
  }
  return "";
}

export function duration(seconds) {
  if (seconds < 1) return t("time.milliseconds", { count: number(Math.round(seconds * 1000)) });
  if (seconds < 60) return t("time.seconds", { count: number(seconds, { maximumFractionDigits: 1 }) });
  return t("time.minutes", {
    minutes: number(Math.floor(seconds / 60)), seconds: number(Math.floor(seconds % 60)),
  });
}

// A countdown that does not jump in width: 9:05
export function clock(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}
