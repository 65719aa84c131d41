// Where the page is: #/accounts and so on.
import { cell } from "./cell.js";

export const ROUTES = ["accounts", "connect", "playground", "requests", "settings"];

const current = () => {
  const name = location.hash.replace(/^#\/?/, "").split(/[/?]/)[0];
  return ROUTES.includes(name) ? name : "accounts";
};

export const route = cell(current());
addEventListener("hashchange", () => route.set(current()));

export const go = (name) => {
  location.hash = `#/${name}`;
};
