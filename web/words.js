// Says everything on the page in the visitor's language. words.json has the sentences of each language.
//
// An element names its sentence, by `data-word="key"` in the HTML or by write() and label(), and then follows
// the language. A {placeholder} stands for a value, or for the element's own child with that name as
// data-slot. KEY?NAME=VALUE is the variant of the sentence KEY for a placeholder NAME with that value, or in
// that plural category: "task?digit=8", "server.gone?count=one".

import { make } from "./dom.js";
import { recall, remember } from "./storage.js";

// The name of the visitor's choice in the browser's storage.
const CHOSEN = "draw-a-digit language";
// These follow data-word-aria-label="key" and data-word-aria-roledescription="key".
const ATTRIBUTES = ["aria-label", "aria-roledescription"];
const reply = await fetch(new URL("words.json", import.meta.url));
const WORDS = await reply.json();
const [DEFAULT] = Object.keys(WORDS);

// The values in each element's sentence, and in its label.
const values = { text: new WeakMap(), label: new WeakMap() };
let language = initial();

function initial() {
  const wanted = [new URLSearchParams(location.search).get("lang"), recall(CHOSEN), ...navigator.languages];
  const names = wanted.map((tag) => tag?.toLowerCase().split("-")[0] ?? "");
  return names.find((name) => Object.hasOwn(WORDS, name)) ?? DEFAULT;
}

// A number with this many decimals, as write() takes it. `options` are those of Intl.NumberFormat.
export const rounded = (value, digits, options = {}) => [
  value,
  { minimumFractionDigits: digits, maximumFractionDigits: digits, ...options },
];
// A share: 0.981 is 98.1%.
export const share = (value, digits = 1) => rounded(value, digits, { style: "percent" });

function formatted(value) {
  const [number, options] = Array.isArray(value) ? value : [value];
  if (typeof number !== "number") return number;
  return number.toLocaleString(WORDS[language].locale, options).replace("-", "−");
}

// The variant of a sentence for these values, if any. An exact value comes before a plural category.
function variant(block, key, given) {
  const values = Object.entries(given).map(([name, value]) => [name, value?.textContent ?? value]);
  const exact = values.map(([name, value]) => `${key}?${name}=${value}`);
  const numbers = values.filter(([, value]) => typeof value === "number");
  const rules = new Intl.PluralRules(WORDS[language].locale);
  const plural = numbers.map(([name, value]) => `${key}?${name}=${rules.select(value)}`);
  return block[[...exact, ...plural].find((each) => Object.hasOwn(block, each))];
}

export const isKnown = (key) => Object.hasOwn(WORDS[DEFAULT], key);

// The sentence as texts and elements.
function pieces(key, given) {
  const name = Object.hasOwn(WORDS[language], key) ? language : DEFAULT;
  const sentence = variant(WORDS[name], key, given) ?? WORDS[name][key] ?? "";
  const found = sentence.split(/\{(\w+)\}/);
  return found.map((piece, i) => (i % 2 ? formatted(given[piece]) : piece)).filter((piece) => piece !== "");
}

// A sentence as text, which does not follow the language.
export const say = (key, given = {}) => pieces(key, given).join("");

function fillText(element) {
  const key = element.dataset.word;
  const children = element.childElementCount ? element.querySelectorAll("[data-slot]") : [];
  const slots = Array.from(children, (slot) => [slot.dataset.slot, slot]);
  const parts = key ? pieces(key, { ...Object.fromEntries(slots), ...values.text.get(element) }) : [];
  const text = parts.map((part) => part.textContent ?? part).join("");
  // The same text again would be laid out and spoken again.
  if (element.textContent === text) return;
  if (slots.length) element.replaceChildren(...parts);
  else element.textContent = text;
}

// Write a sentence into an element, or clear it.
export function write(element, key = "", given = {}) {
  if ((element.dataset.word ?? "") !== key) element.dataset.word = key;
  values.text.set(element, given);
  fillText(element);
}

// Name an element, for visitors who cannot see it.
export function label(element, key, given = {}) {
  element.setAttribute("data-word-aria-label", key);
  values.label.set(element, given);
  element.setAttribute("aria-label", say(key, given));
}

// Say everything on the page in the visitor's language.
function fill() {
  document.documentElement.lang = language;
  document.title = say("title");
  document.querySelectorAll("[data-word]").forEach(fillText);
  for (const attribute of ATTRIBUTES) {
    for (const element of document.querySelectorAll(`[data-word-${attribute}]`)) {
      const key = element.getAttribute(`data-word-${attribute}`);
      element.setAttribute(attribute, say(key, values.label.get(element)));
    }
  }
  for (const button of document.querySelectorAll(".languages button"))
    button.setAttribute("aria-pressed", button.lang === language);
}

function choose(name) {
  language = name;
  remember(CHOSEN, name);
  const address = new URL(location);
  if (address.searchParams.has("lang")) {
    address.searchParams.set("lang", name);
    history.replaceState(history.state, "", address);
  }
  fill();
}

// Offer a button for each language, and say everything in the visitor's.
export function offerLanguages() {
  document.querySelector(".languages").replaceChildren(
    ...Object.entries(WORDS).map(([name, words]) => {
      const button = make("button", { lang: name, textContent: name.toUpperCase(), title: words.language });
      button.setAttribute("aria-label", words.language);
      button.addEventListener("click", () => choose(name));
      return button;
    }),
  );
  fill();
}
