// What the browser remembers for the page, as far as it stores anything.

// What is remembered for this visit only, where the browser stores nothing.
const here = new Map();

export function recall(name) {
  let stored = null;
  try {
    stored = localStorage.getItem(name);
  } catch {
    /* it stores nothing */
  }
  return stored ?? here.get(name) ?? null;
}

// Whether it is stored for the next visit, too; null forgets it.
export function remember(name, value) {
  here.set(name, value);
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

// Another tab of the page has stored something; null stands for everything.
window.addEventListener("storage", ({ key }) => {
  if (key === null) here.clear();
  else here.delete(key);
});
